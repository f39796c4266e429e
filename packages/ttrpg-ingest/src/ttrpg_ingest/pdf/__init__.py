"""PDF: pages read with PDFium, the structure of the file with pypdf."""

from ttrpg_ingest.pdf.parser import Pdf

__all__ = ["Pdf"]
