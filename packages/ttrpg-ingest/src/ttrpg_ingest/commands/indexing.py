"""``ttrpg library index``."""

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.views import Fields
from ttrpg_ingest.shelf import vectors


@click.command("index")
@click.option("--background", is_flag=True, help="Start it, and go on without waiting for it.")
@click.pass_obj
def index_books(app: App, *, background: bool) -> None:
    """Make the vectors by which passages are found that say it in other words.

    Books can be searched by their words meanwhile. Ctrl-C stops, and the same command goes on from
    there. After another choice of search.embedder it makes all of them anew.
    """
    if background:
        started = vectors.start(app)
        app.screen.show("ttrpg.library.index/1", {"started": started}, [])
        if started:
            app.screen.say("Vectors are made in the background; 'ttrpg library index' shows it")
        return
    try:
        made = vectors.make(app)
    except KeyboardInterrupt:
        app.screen.say("What was made is kept; the same command goes on from there")
        raise
    if made is None:
        app.screen.say("search.embedder or the installed search wants no vectors", "warn")
        app.screen.show("ttrpg.library.index/1", {"vectors": 0, "made": 0}, [])
        return
    now = made.now
    said = f"made {made.made:,} vectors" if made.made else "nothing was missing"
    app.screen.say(f"{said}; every passage has one", "good")
    app.screen.show(
        "ttrpg.library.index/1",
        {**attrs.asdict(now), "made": made.made, "complete": now.complete},
        [Fields([("passages", f"{now.total:,}"), ("embedder", now.embedder)])],
    )
