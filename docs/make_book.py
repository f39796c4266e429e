"""Set the rule book of our own, The Lamplit Road, as a PDF from its Markdown.

Run after changing the text: ``python docs/make_book.py`` (needs reportlab). Two title pages carry
no number and the printed pages start at 1 after them, as in real books, so that a page's number is
not its place in the file. tests/test_book.py checks that the PDF still says what the Markdown says.
"""

import re
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

BOOK = Path(__file__).parents[1] / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.md"
FRONT = 2

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=13, spaceAfter=6)
CHAPTER = ParagraphStyle(
    "chapter", fontName="Helvetica-Bold", fontSize=17, leading=21, spaceAfter=8, keepWithNext=1
)
HEADING = ParagraphStyle(
    "heading",
    fontName="Helvetica-Bold",
    fontSize=12,
    leading=15,
    spaceBefore=6,
    spaceAfter=3,
    keepWithNext=1,
)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=28, leading=34, alignment=1)


def story(text: str) -> list[object]:
    """The book as reportlab's flowables."""
    blocks = text.split("\n\n")
    title, front, *rest = blocks
    flow: list[object] = [
        Spacer(1, 55 * mm),
        Paragraph(title.removeprefix("# "), TITLE),
        PageBreak(),
    ]
    flow += [Spacer(1, 120 * mm), Paragraph(front.strip("*\n ").replace("\n", " "), BODY)]
    for block in rest:
        if block.startswith("# "):
            flow += [PageBreak(), Paragraph(block[2:].strip(), CHAPTER)]
        elif block.startswith("## "):
            flow.append(Paragraph(block[3:].strip(), HEADING))
        elif block.startswith("|"):
            rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in block.strip().splitlines()]
            table = Table([rows[0], *rows[2:]], hAlign="LEFT")
            table.setStyle(
                [
                    ("FONT", (0, 0), (-1, 0), "Times-Bold", 10),
                    ("FONT", (0, 1), (-1, -1), "Times-Roman", 10),
                    ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
                ]
            )
            flow += [table, Spacer(1, 6)]
        else:
            flow.append(Paragraph(block.replace("\n", " ").strip(), BODY))
    return flow


def foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    """The running foot: title and printed page."""
    if document.page > FRONT:
        canvas.setFont("Times-Roman", 8)
        canvas.drawString(18 * mm, 11 * mm, "The Lamplit Road")
        canvas.drawRightString(A5[0] - 18 * mm, 11 * mm, str(document.page - FRONT))


def main() -> None:
    """Write the PDF beside its Markdown, the same bytes for the same text."""
    document = SimpleDocTemplate(
        str(BOOK.with_suffix(".pdf")),
        pagesize=A5,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title="The Lamplit Road",
        author="the ttrpg authors",
        invariant=1,
    )
    document.build(story(BOOK.read_text("utf-8")), onFirstPage=foot, onLaterPages=foot)
    print(f"wrote {BOOK.with_suffix('.pdf').name}: {document.page} pages")


if __name__ == "__main__":
    main()
