"""Which model is asked: needs, strategies, breakers, limits, fallback."""

from ttrpg_core.llm.routing.breaker import Rules
from ttrpg_core.llm.routing.health import Health, ask_vendors
from ttrpg_core.llm.routing.records import Records
from ttrpg_core.llm.routing.router import Router
from ttrpg_core.llm.routing.vendors import Vendors

__all__ = ["Health", "Records", "Router", "Rules", "Vendors", "ask_vendors"]
