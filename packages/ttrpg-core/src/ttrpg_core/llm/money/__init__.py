"""What models cost: prices, the ledger of every call, budgets that hold, forecasts and alerts."""

from ttrpg_core.llm.money.alerts import Alert, Alerts
from ttrpg_core.llm.money.amounts import amount, dollars, summary
from ttrpg_core.llm.money.budgets import Budget, Budgets
from ttrpg_core.llm.money.ledger import Ledger
from ttrpg_core.llm.money.purse import LedgerPurse

__all__ = [
    "Alert",
    "Alerts",
    "Budget",
    "Budgets",
    "Ledger",
    "LedgerPurse",
    "amount",
    "dollars",
    "summary",
]
