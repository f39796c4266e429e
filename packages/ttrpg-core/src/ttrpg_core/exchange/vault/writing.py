"""A vault written from a campaign: whole for the Game Master, or what a player may know."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.dashboard import Dashboard
from ttrpg_core.errors import Denied, InputError, NotFound, TtrpgError
from ttrpg_core.exchange.vault import folder as files
from ttrpg_core.exchange.vault import index, manifest, names, page
from ttrpg_core.exchange.vault.index import INDEX
from ttrpg_core.exchange.vault.manifest import Manifest, Page
from ttrpg_core.exchange.vault.places import beside, places, stem
from ttrpg_core.paths import write_atomically
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.table.world.kinds import kind
from ttrpg_core.table.world.seen import seen
from ttrpg_core.world.reading import Reader

SHOWN = 8


@attrs.frozen
class Written:
    """What was done: pages in the vault, how many were written, and those taken away."""

    pages: int
    written: int
    removed: tuple[str, ...]


@attrs.frozen
class _Draft:
    """A page that is to be: its entity, its text, and the values that it reads as."""

    ref: str
    text: str
    values: Mapping[str, Any]


def write(
    reader: Reader,
    board: Dashboard,
    campaign: Campaign,
    folder: Path,
    viewer: Audience,
    *,
    now: str,
    scrub: Callable[[str], str] = str,
    force: bool = False,
    moved: Mapping[str, str] = MappingProxyType({}),
    tell: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write the vault, or bring one up to date; ``tell`` hears how many pages are done.

    Denied, with nothing written, where pages were edited since and not imported; ``force``
    writes over them. A page stays in the folder where it is, by the reference in it; ``moved``
    are the pages of an import, some of which say nothing of that yet.
    """
    before, own = _before(folder, campaign, viewer), _own(campaign, viewer)
    if not before.at:  # so that a vault that is interrupted is known as one
        empty = Manifest(own, viewer.name, now, {})
        write_atomically(files.place(folder, manifest.PLACE.as_posix()), empty.text(), 0o644)
    here = {**places(folder, before, files.pages(folder)), **moved}
    drafts = _drafts(reader, board, viewer, scrub, here)
    if not force and (edited := _edited(folder, before, here, drafts)):
        shown = ", ".join(edited[:SHOWN]) + (" ..." if len(edited) > SHOWN else "")
        raise Denied(
            f"{len(edited)} page(s) were edited since the vault was written: {shown}",
            ("Import them first (ttrpg vault import), or " if viewer == GM else "")
            + "--force writes over them",
        )
    _keep_index(folder, before, here, drafts)
    written = 0
    for done, (path, draft) in enumerate(sorted(drafts.items()), 1):
        place = files.place(folder, path)
        if not place.is_file() or place.read_bytes() != draft.text.encode():
            write_atomically(place, draft.text, 0o644, flushed=False)
            written += 1
        tell(done)
    gone = tuple(sorted({*before.pages, *here.values()} - set(drafts)))
    for path in gone:
        files.put_aside(folder, path)
    if written and hasattr(os, "sync"):  # before the vault says what is in it
        os.sync()
    pages = {path: Page(draft.ref, draft.values) for path, draft in drafts.items()}
    kept = Manifest(own, viewer.name, now, pages)
    write_atomically(files.place(folder, manifest.PLACE.as_posix()), kept.text(), 0o644)
    return Written(len(drafts), written, gone)


def _before(folder: Path, campaign: Campaign, viewer: Audience) -> Manifest:
    """What the vault is now: empty for a new one."""
    try:
        found = manifest.read(folder)
    except NotFound:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                f"{folder} is there already, and is no vault", "Name a new folder"
            ) from None
        return Manifest(campaign.id, viewer.name, "", {})
    if found.campaign != _own(campaign, viewer) or found.viewer != viewer.name:
        raise InputError(
            f"{folder} is the vault of {found.campaign} for {found.viewer}", "Name another folder"
        )
    return found


def _own(campaign: Campaign, viewer: Audience) -> str:
    """What a vault says of which campaign it is; for players nothing that tells an older name."""
    if viewer == GM or text.unique_slug(campaign.name, ()) == campaign.id:
        return campaign.id
    told = f"{campaign.id} {campaign.created_at}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _drafts(
    reader: Reader,
    board: Dashboard,
    viewer: Audience,
    scrub: Callable[[str], str],
    here: Mapping[str, str],
) -> dict[str, _Draft]:
    """Every page by its path."""
    named = reader.named(viewer)
    known = [each for each in reader.all() if viewer.sees(each.audience)]
    titles = names.titles(known)
    found: dict[str, _Draft] = {}
    for each in known:
        if viewer == GM:
            told: Mapping[str, Any] = page.values(each, titles.get)
            reference = each.ref
        else:
            view = seen(each, viewer, named)
            told = {"name": each.name, **(view.fields if view is not None else {})}
            reference = ""
        told_text = scrub(page.rendered(reference, type(each), told))
        path = beside(here.get(reference) or f"{names.folder(each.KIND)}/", titles[each.ref])
        found[path] = _Draft(reference, told_text, page.parsed(told_text, type(each), path))
    written = scrub(index.page(board, titles))
    place = beside(here.get(INDEX, ""), index.title(board.campaign.name or "campaign", titles))
    found[place] = _Draft(INDEX, written, {"sha256": _digest(written)})
    return found


def _digest(told: str) -> str:
    return hashlib.sha256(told.encode()).hexdigest()


def _keep_index(
    folder: Path, before: Manifest, here: Mapping[str, str], drafts: Mapping[str, _Draft]
) -> None:
    """Put the page that lists the others aside where somebody wrote in it: it is made anew."""
    path = here.get(INDEX)
    was = next((each.values for each in before.pages.values() if each.ref == INDEX), {})
    if path is None or "sha256" not in was:
        return
    try:
        told = files.read(folder, path)
    except InputError:  # what cannot be read is not ours
        told = ""
    if _digest(told) != was["sha256"] and not (path in drafts and told == drafts[path].text):
        files.put_aside(folder, path)


def _edited(
    folder: Path, before: Manifest, here: Mapping[str, str], drafts: Mapping[str, _Draft]
) -> list[str]:
    """Pages that say something else than was written, and than would be written now.

    A name that was given to the file says something too.
    """
    known = {here.get(each.ref, path): (path, each) for path, each in before.pages.items()}
    found = []
    for path in files.pages(folder):
        draft, (was, old) = drafts.get(path), known.get(path, ("", None))
        told = files.read(folder, path)
        if (draft is not None and told == draft.text) or (old is not None and old.ref == INDEX):
            continue
        try:
            kept = told and page.parsed(told, _kind(old, path), path)
        except TtrpgError:  # somebody edited it into what cannot be read
            kept = None
        same_as_written = old is not None and kept == old.values and stem(path) == stem(was)
        if not same_as_written and (draft is None or kept != draft.values):
            found.append(path)
    return found


def _kind(old: Page | None, path: str) -> Any:
    name = old.ref.partition("/")[0] if old is not None and old.ref else ""
    return kind(name or names.kind_of(path.partition("/")[0]) or "note")
