"""Our own parsers under the suite that plugin authors use."""

import pytest

from ttrpg_core.context import Context
from ttrpg_core.testing import ParserTests
from ttrpg_core.testing.suites.parser import OTHERS
from ttrpg_ingest.markdown import Markdown
from ttrpg_ingest.pdf import Pdf
from ttrpg_ingest.text import PlainText

HTML = {"a web page": b"<!DOCTYPE html><html><body>rules</body></html>", "rtf": b"{\\rtf1 rules}"}


class TestPdf(ParserTests):
    @pytest.fixture
    def parser(self):
        return Pdf(Context())

    @pytest.fixture
    def sample(self, make_pdf, book_pages):
        return make_pdf("rules.pdf", book_pages(5), title="Lantern \\(2nd\\)")

    @pytest.fixture
    def not_mine(self):
        return {**OTHERS, **HTML, "text": b"The header %PDF-1.4 begins a PDF."}


class TestMarkdown(ParserTests):
    @pytest.fixture
    def parser(self):
        return Markdown(Context())

    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "rules.md"
        parts = [f"<!-- page {n + 5} -->\n# Part {n}\n\nText *of* part {n}.\n" for n in range(4)]
        path.write_text("---\ntitle: Lantern\n---\n" + "\n".join(parts), "utf-8")
        return path

    @pytest.fixture
    def not_mine(self):
        return {**OTHERS, **HTML, "a PDF": b"%PDF-1.7\n"}


class TestText(ParserTests):
    @pytest.fixture
    def parser(self):
        return PlainText(Context())

    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "rules.txt"
        path.write_text("\f".join(f"\nTHE ROAD {n}\n\nIt is long.\n" for n in "abcd"), "utf-8")
        return path

    @pytest.fixture
    def not_mine(self):
        return {**OTHERS, **HTML, "a PDF": b"%PDF-1.7\n"}


class TestTextWithoutPages(TestText):
    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "rules.txt"
        path.write_bytes("\ufeffDas H\u00f6hlenspiel\n\nEs ist tief.\n".encode("utf-16"))
        return path
