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


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_no_module_is_too_long(module):
    lines = len(module.read_text("utf-8").splitlines())
    assert lines <= LONGEST, f"{_name(module)} has {lines} lines; split it by what it does"


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_every_module_says_what_it_is(module):
    tree = ast.parse(module.read_text("utf-8"))
    assert ast.get_docstring(tree), f"{_name(module)} has no docstring"


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


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_no_module_asks_whether_it_is_under_test(module):
    text = module.read_text("utf-8")
    if "/testing/" in str(module):
        return
    assert "PYTEST" not in text
    assert "_called_from_test" not in text


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_broad_excepts_stand_where_they_are_known_or_explained(module):
    short = "/".join(module.parts[module.parts.index("src") + 1 :])
    if short in KNOWN_PLACES_OF_BROAD_EXCEPT:
        return
    tree = ast.parse(module.read_text("utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        broad = node.type is None or (
            isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
        )
        if not broad:
            continue
        line = module.read_text("utf-8").splitlines()[node.lineno - 1]
        translates = any(isinstance(each, ast.Raise) for each in ast.walk(node))
        assert translates or "# noqa: BLE001 - " in line, (
            f"{_name(module)}:{node.lineno}: {line.strip()}"
        )
