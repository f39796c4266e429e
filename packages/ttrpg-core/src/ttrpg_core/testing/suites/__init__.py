"""Conformance suites: inherit one, give it a fixture or two, and each test is a promise kept.

A suite's name does not start with ``Test``, so pytest runs it only where somebody inherits it.
"""
