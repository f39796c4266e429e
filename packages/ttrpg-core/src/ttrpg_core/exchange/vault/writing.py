"""A vault written from a campaign: whole for the Game Master, or what a player may know."""

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import attrs

from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import Denied, InputError, NotFound, TtrpgError
from ttrpg_core.exchange.vault import folder as files
from ttrpg_core.exchange.vault import front, manifest, names, page
from ttrpg_core.exchange.vault.manifest import Manifest, Page
from ttrpg_core.paths import write_atomically
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.table.world.kinds import KINDS, kind
from ttrpg_core.table.world.seen import seen
from ttrpg_core.world.reading import Reader

INDEX = "campaign"
"""What stands for a reference in the page that lists all the others."""
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
    campaign: Campaign,
    folder: Path,
    viewer: Audience,
    *,
    now: str,
    scrub: Callable[[str], str] = str,
    force: bool = False,
    read: Collection[str] = (),
    tell: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write the vault, or bring one up to date; ``tell`` hears how many pages are done.

    Denied, with nothing written, where pages were edited since and not imported; ``force``
    writes over them. ``read`` are pages that an import has taken in: where such a page has
    another place by now, it is moved there.
    """
    before = _before(folder, campaign, viewer)
    drafts = _drafts(reader, campaign, viewer, scrub)
    if not force and (edited := _edited(folder, before, drafts)):
        shown = ", ".join(edited[:SHOWN]) + (" ..." if len(edited) > SHOWN else "")
        raise Denied(
            f"{len(edited)} page(s) were edited since the vault was written: {shown}",
            "Import them first (ttrpg vault import), or --force writes over them",
        )
    written = 0
    for done, (path, draft) in enumerate(sorted(drafts.items()), 1):
        place = files.place(folder, path)
        if not place.is_file() or place.read_bytes() != draft.text.encode():
            write_atomically(place, draft.text, 0o644, flushed=False)
            written += 1
        tell(done)
    gone = tuple(sorted({*before.pages, *read} - set(drafts)))
    for path in gone:
        files.put_aside(folder, path)
    if written and hasattr(os, "sync"):  # before the vault says what is in it
        os.sync()
    pages = {path: Page(draft.ref, draft.values) for path, draft in drafts.items()}
    kept = Manifest(campaign.id, viewer.name, now, pages)
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
    if found.campaign != campaign.id or found.viewer != viewer.name:
        raise InputError(
            f"{folder} is the vault of {found.campaign} for {found.viewer}", "Name another folder"
        )
    return found


def _drafts(
    reader: Reader, campaign: Campaign, viewer: Audience, scrub: Callable[[str], str]
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
        text = scrub(page.rendered(reference, type(each), told))
        path = f"{names.folder(each.KIND)}/{titles[each.ref]}.md"
        found[path] = _Draft(
            each.ref if viewer == GM else "", text, page.parsed(text, type(each), path)
        )
    index = _index(campaign, {each.ref: titles[each.ref] for each in known}, viewer)
    found[_index_path(campaign, titles)] = _Draft(INDEX, scrub(index), {})
    return found


def _index_path(campaign: Campaign, titles: Mapping[str, str]) -> str:
    taken = {each.casefold() for each in titles.values()}
    title = names.title(campaign.name) or campaign.id
    return f"{title} (campaign).md" if title.casefold() in taken else f"{title}.md"


def _index(campaign: Campaign, titles: Mapping[str, str], viewer: Audience) -> str:
    """The page that lists the others, and what the campaign is."""
    head: dict[str, Any] = {page.REF: INDEX}
    for name in ("system", "genre", "setting", "game_date"):
        if value := getattr(campaign, name):
            head[name] = value
    lines = [f"# {campaign.name}", ""]
    if viewer == GM and campaign.description:
        lines += [campaign.description.strip("\n"), ""]
    for each in KINDS:
        found = sorted(title for ref, title in titles.items() if ref.startswith(f"{each}/"))
        if found:
            plural = kind(each).PLURAL
            lines += [f"## {plural[:1].upper()}{plural[1:]}", ""]
            lines += [*(f"- [[{title}]]" for title in found), ""]
    return front.join(head, "\n".join(lines))


def _edited(folder: Path, before: Manifest, drafts: Mapping[str, _Draft]) -> list[str]:
    """Pages that say something else than was written, and than would be written now."""
    found = []
    for path in files.pages(folder) if folder.is_dir() else ():
        draft, old = drafts.get(path), before.pages.get(path)
        text = files.read(folder, path)
        if draft is not None and text == draft.text:
            continue
        if old is not None and old.ref == INDEX:
            continue
        try:
            kept = text and page.parsed(text, _kind(old, path), path)
        except TtrpgError:  # somebody edited it into what cannot be read
            kept = None
        same_as_written = old is not None and kept == old.values
        if not same_as_written and (draft is None or kept != draft.values):
            found.append(path)
    return found


def _kind(old: Page | None, path: str) -> Any:
    name = old.ref.partition("/")[0] if old is not None and old.ref else ""
    return kind(name or names.kind_of(path.partition("/")[0]) or "note")
