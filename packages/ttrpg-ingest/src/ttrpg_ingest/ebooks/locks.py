"""Locked books told apart from books whose fonts alone are garbled, and refused by the lock's name.

``META-INF/encryption.xml`` lists what is encrypted and how. Two methods only garble fonts, so that
they cannot be lifted out of the book; the text is plain. Everything else on a page of text means a
lock that only the shop's own reader opens.
"""

import re

from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks.archive import DAMAGED, Archive, Unreadable
from ttrpg_ingest.ebooks.trees import Node, NoTree, tree

ENCRYPTION = "META-INF/encryption.xml"
GARBLED_FONTS = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#rc"})
_TEXT = re.compile(r"\.(?:x?html?|xml|opf|ncx|svg)\Z|/[^.]*\Z|\A[^./]*\Z", re.IGNORECASE)
_HINT = (
    "ttrpg reads no locked books and opens no locks. Ask the shop or the publisher for a copy "
    "without: many sell PDF or EPUB without a lock"
)


def refuse_locked(archive: Archive) -> None:
    """ParseError that names the lock when text of the book is encrypted."""
    if not archive.find(ENCRYPTION):
        if archive.find("META-INF/license.lcpl"):
            raise locked(archive.name, "Readium LCP")
        return
    try:
        root = tree(archive.read(ENCRYPTION, 8_000_000))
    except (NoTree, Unreadable) as error:
        raise ParseError(
            f"{archive.name}: what it says of its encryption cannot be read: {error}",
            DAMAGED,
            source=archive.name,
        ) from error
    held = [node for node in root.all("encrypteddata") if _holds_text(node)]
    if held:
        raise locked(archive.name, _name(archive, root))


def locked(name: str, lock: str) -> ParseError:
    """The refusal of a locked book."""
    return ParseError(f"{name} is locked by {lock} (DRM)", _HINT, source=name)


def _holds_text(node: Node) -> bool:
    method = node.first("encryptionmethod")
    if method is not None and method.get("algorithm").lower() in GARBLED_FONTS:
        return False
    to = node.first("cipherreference")
    return to is None or bool(_TEXT.search(to.get("uri")))


def _name(archive: Archive, root: Node) -> str:
    uris = " ".join(f"{node.get('uri')} {node.get('type')}" for node in root.all("retrievalmethod"))
    resources = {node.name for node in root.all("resource")}
    rights = b""
    if archive.find("META-INF/rights.xml"):
        try:
            rights = archive.read("META-INF/rights.xml", 1_000_000)
        except Unreadable:
            rights = b""
    if archive.find("META-INF/license.lcpl") or "license.lcpl" in uris or "lcp" in uris:
        return "Readium LCP"
    if archive.find("META-INF/sinf.xml"):
        return "Apple FairPlay"
    if b"kobo" in rights.lower():
        return "Kobo's lock"
    if b"adept" in rights.lower() or resources or _adept(root):
        return "Adobe ADEPT"
    return "a lock that is not known"


def _adept(root: Node) -> bool:
    """Whether it uses the method of ADEPT, which names no key because each reader has its own."""
    methods = {node.get("algorithm").lower() for node in root.all("encryptionmethod")}
    return "http://www.w3.org/2001/04/xmlenc#aes128-cbc" in methods
