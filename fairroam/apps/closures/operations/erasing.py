"""Erase what names a person; then look through the whole database for what was missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fairroam.apps.closures import personal as closures
from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.operations.declaring import rows_to_erase
from fairroam.apps.closures.operations.searching import search_everywhere, search_own
from fairroam.apps.contacts import personal as contacts
from fairroam.apps.conversations import personal as conversations
from fairroam.apps.customers import personal as customers
from fairroam.apps.esims import personal as esims
from fairroam.apps.evidence import personal as evidence
from fairroam.apps.exports import personal as exports
from fairroam.apps.notices import personal as notices
from fairroam.apps.papers import personal as papers
from fairroam.apps.payments import personal as payments
from fairroam.apps.refunds import personal as refunds
from fairroam.apps.wallet import personal as wallet

# Downwards: who points goes before what it points to.
ROOMS = (
    closures, exports, refunds, esims, conversations, evidence, wallet, payments, notices,
    papers, contacts, customers,
)  # fmt: skip


def erase(closure: Closure, now: datetime) -> dict[str, Any]:
    """Empty every personal field below, and prove it: nothing remains in the customer's rows."""
    erased = rows_to_erase(closure.customer_id)
    for room in ROOMS:
        erased |= room.erase(closure.customer_id)
    remaining = sum(room.remains(closure.customer_id) for room in ROOMS)
    remaining += sum(rows_to_erase(closure.customer_id).values())
    assert remaining == 0, f"closing {closure.pk}: {remaining} personal values remain"
    assert closure.sealed_address is not None
    found = search_own(closure.sealed_address, whose=closure.customer_id)
    assert not found, f"closing {closure.pk}: the address is still in {', '.join(found)}"
    return {"erased": erased}


def rescan(closure: Closure) -> dict[str, Any]:
    """Look through everything, outside of any transaction; the proof. Safe to repeat.

    A value that is found all the same is a bug of ours: nothing is certified before a person has
    mended it.
    """
    assert closure.sealed_address is not None
    searched, found = search_everywhere(closure.sealed_address, whose=closure.customer_id)
    assert not found, f"closing {closure.pk}: the address is still in {', '.join(found)}"
    return {"searched_columns": searched}
