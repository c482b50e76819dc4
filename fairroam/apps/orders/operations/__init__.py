"""Acts upon orders."""

from fairroam.apps.orders.operations.place import CONSENTS, place_order
from fairroam.apps.orders.operations.refund import (
    lock_line,
    owe_entries,
    release,
    reserve,
    settle,
    tax_book,
    unsettle,
)
from fairroam.apps.orders.operations.settle import (
    cancel_unpaid,
    confirm_payment,
    give_up,
    hear_provider,
    record_delivery,
    record_notice,
    record_paid_back,
)

__all__ = [
    "CONSENTS",
    "cancel_unpaid",
    "confirm_payment",
    "give_up",
    "hear_provider",
    "lock_line",
    "owe_entries",
    "place_order",
    "record_delivery",
    "record_notice",
    "record_paid_back",
    "release",
    "reserve",
    "settle",
    "tax_book",
    "unsettle",
]
