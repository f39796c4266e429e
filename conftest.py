"""An option of every run of the tests: ``--one-of-each``, of each test the first of its cases."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the option."""
    parser.addoption(
        "--one-of-each", action="store_true", help="run the first case of each test alone"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cases after the first out, and say how many those are."""
    if not config.getoption("one_of_each"):
        return
    first = {(each.path, each.nodeid.partition("[")[0]): each for each in reversed(items)}
    kept = set(first.values())
    config.hook.pytest_deselected(items=[each for each in items if each not in kept])
    items[:] = [each for each in items if each in kept]
