"""The plugin author's kit: fixtures, fakes that are plugins themselves, conformance suites.

Installing ttrpg-core makes pytest load :mod:`ttrpg_core.testing.pytest_plugin`, which brings the
fixtures ``ttrpg_home``, ``plugins``, ``clock``, ``rng``, ``app`` and ``ttrpg``. What is imported by
name comes from here; each name is looked up when it is first used, because pytest imports this
package in every environment that has it, and a suite needs pytest's assert rewriting to be on
before it is read. The suites use hypothesis: ``pip install 'ttrpg-core[testing]'``.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttrpg_core.testing.clock import Clock
    from ttrpg_core.testing.fakes.documents import PlainText
    from ttrpg_core.testing.fakes.models import Echo, FakeVendor, Scripted
    from ttrpg_core.testing.fakes.purse import MemoryPurse
    from ttrpg_core.testing.fakes.routing import FakeModels
    from ttrpg_core.testing.fakes.search import HashEmbedder, MemorySearcher
    from ttrpg_core.testing.fakes.speech import Silent
    from ttrpg_core.testing.fakes.vectors import MemoryVectors, WordReranker
    from ttrpg_core.testing.network import NetworkRefused
    from ttrpg_core.testing.runner import Result, Runner
    from ttrpg_core.testing.screen import RecordingScreen
    from ttrpg_core.testing.suites.embedder import EmbedderTests
    from ttrpg_core.testing.suites.genre import GenreTests
    from ttrpg_core.testing.suites.model import ModelTests
    from ttrpg_core.testing.suites.parser import ParserTests
    from ttrpg_core.testing.suites.plugin import PluginTests
    from ttrpg_core.testing.suites.reranker import RerankerTests
    from ttrpg_core.testing.suites.searcher import SearcherTests
    from ttrpg_core.testing.suites.speaker import SpeakerTests
    from ttrpg_core.testing.suites.system import SystemTests
    from ttrpg_core.testing.suites.vectors import VectorIndexTests

_HOME = {
    "Clock": "clock",
    "Echo": "fakes.models",
    "EmbedderTests": "suites.embedder",
    "FakeModels": "fakes.routing",
    "FakeVendor": "fakes.models",
    "GenreTests": "suites.genre",
    "HashEmbedder": "fakes.search",
    "MemoryPurse": "fakes.purse",
    "MemorySearcher": "fakes.search",
    "MemoryVectors": "fakes.vectors",
    "ModelTests": "suites.model",
    "NetworkRefused": "network",
    "ParserTests": "suites.parser",
    "PlainText": "fakes.documents",
    "PluginTests": "suites.plugin",
    "RecordingScreen": "screen",
    "RerankerTests": "suites.reranker",
    "Result": "runner",
    "Runner": "runner",
    "Scripted": "fakes.models",
    "SearcherTests": "suites.searcher",
    "Silent": "fakes.speech",
    "SpeakerTests": "suites.speaker",
    "SystemTests": "suites.system",
    "VectorIndexTests": "suites.vectors",
    "WordReranker": "fakes.vectors",
}

__all__ = [
    "Clock",
    "Echo",
    "EmbedderTests",
    "FakeModels",
    "FakeVendor",
    "GenreTests",
    "HashEmbedder",
    "MemoryPurse",
    "MemorySearcher",
    "MemoryVectors",
    "ModelTests",
    "NetworkRefused",
    "ParserTests",
    "PlainText",
    "PluginTests",
    "RecordingScreen",
    "RerankerTests",
    "Result",
    "Runner",
    "Scripted",
    "SearcherTests",
    "Silent",
    "SpeakerTests",
    "SystemTests",
    "VectorIndexTests",
    "WordReranker",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    found: object = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found
