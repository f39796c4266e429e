"""Write the generated pages, or check that they are current: ``python docs/generate.py [--check]``.

docs/cli.md comes from every command's own help, docs/config.md from the settings classes,
docs/plugins/hooks.md from the docstrings of ``Hooks``. ``--check`` also follows every relative link
of every page. Needs all packages installed.
"""

import inspect
import os
import re
import sys
import tempfile
import typing
from collections.abc import Iterator
from pathlib import Path

import attrs
import click

from ttrpg_cli import group
from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.hooks import Hooks
from ttrpg_core.settings import TABLES, allowed, variable_of

HERE = Path(__file__).parent
ROOT = HERE.parent
NOTE = "<!-- Written by docs/generate.py; change the source and run: nox -s docs -- --write -->\n"

STREAMS = """\
Data goes to stdout, everything else to stderr. Every command takes `--json`, `--plain` and
`--quiet`. Exit codes:
"""
CODES = """\
| code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | wrong usage, or a name that fits several things |
| 3 | not found |
| 4 | refused by policy |
| 5 | a provider or the network failed |
| 6 | a citation is not supported |
| 7 | the data is damaged |
| 70 | a bug of ours |
| 130 | stopped with Ctrl-C |
"""
SOURCES = """\
A flag beats the environment, which beats `ttrpg.toml` in the campaign's folder, which beats your
own `config.toml`, which beats the default. `ttrpg config show` says where each value comes from.
Settings marked *personal* are not taken from a campaign's folder: it may come from somebody else.
The campaign's folder is the working one or the nearest above it, up to your home folder, with a
`ttrpg.toml` that you own.
"""
PLUGINS = """\
A plugin's own settings; the plugin's record names the class that checks them. They are *personal*
unless that class says `personal=False`.
"""
VARIABLES = """\
| variable | what it does |
|---|---|
| `TTRPG_HOME` | everything lives in this folder |
| `TTRPG_DISABLE` | plugins to switch off before import: `a,b`, or `*` for all that are not ours |
| `NO_COLOR`, `TERM=dumb`, `COLUMNS`, `PAGER`, `EDITOR` | as everywhere |
"""
PLUGINS = """\
A plugin's own settings; the plugin's record names the class that checks them. They are
*personal* unless that class says `personal=False`.
"""
RECORDS = """
Every record has `name` (lower-case words joined by `-`), `summary` (one line) and `target`
(`"package.module:attribute"`).
"""


def cli_page() -> str:
    """Every command with its help, as the program prints it."""
    nowhere = str(Path(tempfile.gettempdir()) / "ttrpg-no-home")
    app = App(environ={"TTRPG_HOME": nowhere, "TTRPG_DISABLE": "*"})
    ctx = group.root.make_context("ttrpg", [], obj=app, resilient_parsing=True, terminal_width=96)
    page = [
        "# The command line\n",
        STREAMS,
        CODES,
    ]
    for command, path in walk(ctx, group.root, "ttrpg"):
        page += [f"## {path}\n", f"```text\n{command}\n```\n"]
    return NOTE + "\n" + "\n".join(page)


def walk(ctx: click.Context, command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """The help of a command and of all below it."""
    yield command.get_help(ctx).rstrip(), path
    if not isinstance(command, click.Group):
        return
    for name in sorted(command.list_commands(ctx)):
        child = (
            group.load(ctx.obj, name) if command is group.root else command.get_command(ctx, name)
        )
        if child is not None:
            below = click.Context(child, parent=ctx, info_name=name, obj=ctx.obj, terminal_width=96)
            yield from walk(below, child, f"{path} {name}")


def config_page() -> str:
    """Every setting of the kernel."""
    page = [
        "# Settings\n",
        SOURCES,
    ]
    for table, cls in TABLES.items():
        page += [
            f"## [{table}]\n",
            f"{inspect.getdoc(cls)}\n",
            "| setting | default | allowed | what it does | variable |",
            "|---|---|---|---|---|",
        ]
        hints = typing.get_type_hints(cls)
        for field in attrs.fields(cls):
            default = (
                str(field.default).lower()
                if isinstance(field.default, bool)
                else repr(field.default).replace("'", '"')
            )
            marks = " *Personal.*" if field.metadata["personal"] else ""
            variable = variable_of(f"{table}.{field.name}")
            page.append(
                f"| `{field.name}` | `{default}` | {allowed(field, hints[field.name])} |"
                f" {field.metadata['help']}{marks} | `{variable}` |"
            )
        page.append("")
    page += [
        "## [plugins.NAME]\n",
        PLUGINS,
        "## Other variables\n",
        VARIABLES,
    ]
    return NOTE + "\n" + "\n".join(page)


def hooks_page() -> str:
    """Every hook with its docstring and the fields of its record."""
    page = [
        "# Hooks\n",
        inspect.getdoc(sys.modules[Hooks.__module__]) or "",
        RECORDS,
    ]
    for kind, record in entries.KINDS.items():
        hook = getattr(Hooks, f"ttrpg_{kind}")
        fields = [
            field
            for field in attrs.fields(record)
            if field.name not in {"name", "summary", "target"}
        ]
        more = ", ".join(f"`{field.name}` ({_default(field)})" for field in fields) or "none"
        page += [
            f"## ttrpg_{kind}\n",
            markdown(inspect.getdoc(hook) or ""),
            f"\n**{record.__name__}.** {markdown(inspect.getdoc(record) or '')}\n",
            f"Fields beyond `name`, `summary`, `target`: {more}.\n",
        ]
    return NOTE + "\n" + markdown("\n".join(page[:3])) + "\n\n" + "\n".join(page[3:])


def _default(field: "attrs.Attribute[object]") -> str:
    return f"default {field.default!r}" if field.default is not attrs.NOTHING else "required"


def markdown(text: str) -> str:
    """A docstring's few marks as Markdown: literal blocks, double backticks, roles."""
    text = re.sub(r":(?:mod|class|func|meth):`~?\.?([^`]+)`", r"`\1`", text)
    text = text.replace("``", "`")
    out: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside and line.rstrip().endswith("::"):
            lead = line.rstrip().removesuffix("::").rstrip()
            out += [f"{lead}:"] if lead else []
            out += ["", "```python"] if out and out[-1] else ["```python"]
            inside = True
        elif inside and line and not line.startswith(" "):
            while out and not out[-1].strip():
                out.pop()
            out += ["```", "", line]
            inside = False
        elif inside and not line and out[-1] == "```python":
            continue
        else:
            out.append(line.removeprefix("    ") if inside else line)
    if inside:
        out.append("```")
    return "\n".join(out)


PAGES = {"cli.md": cli_page, "config.md": config_page, "plugins/hooks.md": hooks_page}


def broken_links() -> list[str]:
    """Relative links of our pages that lead nowhere."""
    found = []
    pages = [
        ROOT / "README.md",
        *HERE.rglob("*.md"),
        *ROOT.glob("packages/*/README.md"),
        *ROOT.glob("examples/*/README.md"),
    ]
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        lost = [each for each in targets if "://" not in each and not (page.parent / each).exists()]
        found += [f"{page.relative_to(ROOT)}: {target}" for target in lost]
    return found


def main() -> int:
    """Write or check; 1 when something is not current."""
    os.environ.pop("COLUMNS", None)
    check = "--check" in sys.argv
    stale = []
    for name, make in PAGES.items():
        path, text = HERE / name, make().rstrip() + "\n"
        if check and (not path.exists() or path.read_text("utf-8") != text):
            stale.append(f"docs/{name} is not current; run: nox -s docs -- --write")
        elif not check:
            path.write_text(text, "utf-8")
            print(f"wrote docs/{name}")
    stale += [f"broken link: {link}" for link in broken_links()] if check else []
    print("\n".join(stale) or "docs are current")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
