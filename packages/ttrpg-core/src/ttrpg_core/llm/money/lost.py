"""Calls that never ended, as their program did: what was set aside for them counts in full.

Nobody but the vendor knows what they cost. Whoever looked at the vendor's page, or knows that
nothing was sent, may have the money back.
"""

from collections.abc import Sequence

from ttrpg_core.llm.money import processes
from ttrpg_core.llm.money.amounts import dollars
from ttrpg_core.llm.money.budgets import Note
from ttrpg_core.llm.money.ledger import Entry, Ledger


def lost(ledger: Ledger) -> list[Entry]:
    """Those calls, the oldest first; one of a program that still runs is none of them."""
    return [
        entry
        for entry, process in ledger.unended()
        if entry.state == "lost" or not processes.alive(process)
    ]


def free(ledger: Ledger, note: Note, ids: Sequence[int] = ()) -> list[Entry]:
    """Count some of them as nothing, all when none is named; those that were, for the audit too.

    A call that ends after all, as its program ran where it could not be seen, is charged then.
    """
    with ledger.store.transaction():
        found = [each for each in lost(ledger) if not ids or each.id in ids]
        for each in found:
            ledger.free(each.id)
            note(
                "budget.freed", {"call": each.id, "model": each.model, "amount": dollars(each.cost)}
            )
    return found
