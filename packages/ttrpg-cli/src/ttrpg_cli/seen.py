"""Which plugins were there last time: an upgrade of the program can lose them without a word."""

import json

from ttrpg_core.app import App
from ttrpg_core.paths import write_atomically


def note_changes(app: App) -> list[str]:
    """Distributions that were seen before and are gone now; the new state is kept and audited."""
    path = app.paths.state_dir / "plugins-seen.json"
    now = {p.distribution: p.version for p in app.plugins.installed if p.distribution}
    before = _read(app)
    gone = sorted(set(before) - set(now))
    if now != {name: version for name, version in before.items() if name in now}:
        added = sorted(set(now) - set(before))
        changed = sorted(name for name in set(now) & set(before) if now[name] != before[name])
        if before:
            app.audit.record("plugins.changed", {"added": added, "changed": changed, "gone": gone}, severity="security")
        write_atomically(path, json.dumps({**before, **now}, indent=1) + "\n")
    return gone


def forget(app: App, names: list[str]) -> None:
    """Stop expecting distributions that were removed on purpose."""
    kept = {name: version for name, version in _read(app).items() if name not in names}
    write_atomically(app.paths.state_dir / "plugins-seen.json", json.dumps(kept, indent=1) + "\n")


def _read(app: App) -> dict[str, str]:
    try:
        data = json.loads((app.paths.state_dir / "plugins-seen.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}
