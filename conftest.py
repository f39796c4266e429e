"""What holds for every run of the tests: none is timed, and there is an option ``--one-of-each``.

With the option, of each test only the first of its cases runs.
"""

import hypothesis
import pytest

# its limit of a fifth of a second for an example fails on a machine that does something else, too
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


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
