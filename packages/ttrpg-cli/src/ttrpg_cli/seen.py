"""Which plugins were there last time: an upgrade of the program can lose them without a word."""

import json
from collections.abc import Collection

import attrs

from ttrpg_core.app import App
from ttrpg_core.paths import write_atomically


@attrs.frozen
class Seen:
    """Distributions that are expected, with their versions, and which of them are gone."""

    expected: dict[str, str]
    gone: tuple[str, ...] = ()


def note_changes(app: App) -> tuple[str, ...]:
    """Distributions that were seen before and are gone now; a change is kept and audited."""
    now = {p.distribution: p.version for p in app.plugins.installed if p.distribution}
    before = _read(app)
    after = Seen({**before.expected, **now}, tuple(sorted(set(before.expected) - set(now))))
    if after == before:
        return after.gone
    if before.expected:
        changed = [name for name in now if before.expected.get(name, now[name]) != now[name]]
        app.audit.record(
            "plugins.changed",
            {
                "added": sorted(set(now) - set(before.expected)),
                "back": sorted(set(before.gone) & set(now)),
                "changed": sorted(changed),
                "gone": sorted(set(after.gone) - set(before.gone)),
            },
            severity="security",
        )
    _write(app, after)
    return after.gone


def forget(app: App, names: Collection[str]) -> None:
    """Stop expecting distributions that were removed on purpose."""
    before = _read(app)
    kept = {name: version for name, version in before.expected.items() if name not in names}
    _write(app, Seen(kept, tuple(name for name in before.gone if name not in names)))


def _read(app: App) -> Seen:
    """What is kept; nothing when the file is missing or is not ours."""
    try:
        data = json.loads((app.paths.state_dir / "plugins-seen.json").read_text("utf-8"))
        expected = {str(name): str(version) for name, version in data["expected"].items()}
        return Seen(expected, tuple(map(str, data["gone"])))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Seen({})


def _write(app: App, seen: Seen) -> None:
    text = json.dumps({"expected": seen.expected, "gone": seen.gone}, indent=1)
    write_atomically(app.paths.state_dir / "plugins-seen.json", text + "\n")
