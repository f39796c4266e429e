"""The plugin author's kit: fixtures, fakes that are plugins themselves, conformance suites."""
