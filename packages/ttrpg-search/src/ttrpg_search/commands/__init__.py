"""The commands of this package: ``search`` in ``root``, the others in modules of their own."""
