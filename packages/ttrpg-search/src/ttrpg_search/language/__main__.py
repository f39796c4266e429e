"""``python -m ttrpg_search.language``: compiles the language that is shipped."""

from ttrpg_search.language.building import build

for path in build():
    print(path, path.stat().st_size)  # noqa: T201 - what was written, for who called it
