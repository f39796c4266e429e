"""The command line of ttrpg. This module stays empty so that ``ttrpg --version`` is quick."""

__version__ = "0.1.0"
