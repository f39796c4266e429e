"""The house is kept: small modules, whole packages, one version, reasons for what is off."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(ROOT.glob("packages/ttrpg-*"))
MODULES = sorted(ROOT.glob("packages/*/src/**/*.py")) + sorted(ROOT.glob("examples/*/src/**/*.py"))
LONGEST = 400
KNOWN_PLACES_OF_BROAD_EXCEPT = {
    "ttrpg_cli/main.py": "the one handler of errors",
    "ttrpg_core/plugins.py": "a plugin may raise anything",
}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def texts():
    """Every module with its text. A test looks at all of them: hundreds of tests cost seconds."""
    return {module: module.read_text("utf-8") for module in MODULES}


@pytest.fixture(scope="module")
def trees(texts):
    return {module: ast.parse(text) for module, text in texts.items()}


def test_no_module_is_too_long(texts):
    lines = {_name(module): len(text.splitlines()) for module, text in texts.items()}
    long = {name: count for name, count in lines.items() if count > LONGEST}
    assert not long, "split them by what they do"


def test_every_module_says_what_it_is(trees):
    silent = [_name(module) for module, tree in trees.items() if not ast.get_docstring(tree)]
    assert not silent, "they have no docstring"


@pytest.mark.parametrize("package", PACKAGES, ids=_name)
def test_every_package_is_whole(package):
    source = package / "src" / package.name.replace("-", "_")
    for wanted in (package / "pyproject.toml", package / "README.md", source / "py.typed"):
        assert wanted.exists(), f"{_name(package)} lacks {wanted.name}"
    assert list((package / "tests").glob("test_*.py")), f"{_name(package)} has no tests"


def test_versions_move_together():
    versions = {}
    for package in PACKAGES:
        root = package / "src" / package.name.replace("-", "_") / "__init__.py"
        found = re.search(r'^__version__ = "([^"]+)"', root.read_text("utf-8"), re.MULTILINE)
        versions[package.name] = found and found[1]
    assert len(set(versions.values())) == 1, versions


def test_packages_require_the_kernel_of_their_own_version():
    for package in PACKAGES:
        project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["requires-python"] == ">=3.11"
        ours = [each for each in project["dependencies"] if each.startswith("ttrpg-")]
        assert ours == ([] if package.name == "ttrpg-core" else ["ttrpg-core~=0.1"])


def test_no_default_dependency_is_heavy_or_copyleft():
    refused = ("torch", "sentence-transformers", "ebooklib", "mobi", "faiss", "pygame", "pymupdf")
    for package in PACKAGES:
        project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
        for dependency in project["dependencies"]:
            assert not dependency.lower().startswith(refused), f"{package.name}: {dependency}"


def test_every_rule_switched_off_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    ignored = text.partition("ignore = [")[2].partition("\n]")[0]
    lines = [line for line in ignored.splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert re.search(r'"[A-Z]+\d*",\s+# \S', line), f"no reason: {line.strip()}"


def test_pins_name_no_package_host():
    for name in ("constraints.txt", "requirements.txt"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
    assert "uv.lock" in (ROOT / ".gitignore").read_text("utf-8").split()


def test_no_module_asks_whether_it_is_under_test(texts):
    asking = [
        _name(module)
        for module, text in texts.items()
        if "/testing/" not in str(module) and ("PYTEST" in text or "_called_from_test" in text)
    ]
    assert not asking


def test_broad_excepts_stand_where_they_are_known_or_explained(texts, trees):
    unexplained = [
        f"{_name(module)}:{node.lineno}: {line.strip()}"
        for module, tree in trees.items()
        if "/".join(module.parts[module.parts.index("src") + 1 :])
        not in KNOWN_PLACES_OF_BROAD_EXCEPT
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
        for line in [texts[module].splitlines()[node.lineno - 1]]
        if "# noqa: BLE001 - " not in line
        and not any(isinstance(each, ast.Raise) for each in ast.walk(node))
    ]
    assert not unexplained


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )
