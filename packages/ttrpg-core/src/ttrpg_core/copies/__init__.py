"""Copies of the database: made whole, proved against what was copied, named, kept and let go.

``making`` copies and checks one file, ``folder`` knows the files that are kept and their names,
``alone`` holds the database against every other process. None of them opens a store, so that the
store itself may have a copy made before it migrates.
"""

from ttrpg_core.copies.alone import alone
from ttrpg_core.copies.folder import (
    BEFORE_MIGRATION,
    BEFORE_RESTORE,
    DAILY,
    MANUAL,
    Copies,
    Copy,
    Keep,
)
from ttrpg_core.copies.making import Manifest, described, make, read_manifest, wrong_with

__all__ = [
    "BEFORE_MIGRATION",
    "BEFORE_RESTORE",
    "DAILY",
    "MANUAL",
    "Copies",
    "Copy",
    "Keep",
    "Manifest",
    "alone",
    "described",
    "make",
    "read_manifest",
    "wrong_with",
]
