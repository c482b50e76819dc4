"""Acts upon orders."""

from fairroam.apps.orders.operations.confirm import confirm_payment
from fairroam.apps.orders.operations.deliver import (
    cancel_unpaid,
    give_up,
    let_rest,
    record_delivery,
    record_notice,
    record_paid_back,
    send_again,
)
from fairroam.apps.orders.operations.hear import hear_provider
from fairroam.apps.orders.operations.place import (
    CONSENTS,
    QUANTITY_MAX,
    can_carry,
    consents_needed,
    local_day,
    place_order,
)
from fairroam.apps.orders.operations.promo_codes import (
    discounts_of,
    end_promo_code,
    make_promo_code,
)
from fairroam.apps.orders.operations.refund import (
    lock_line,
    lock_own_line,
    owe_entries,
    reserve,
    settle,
    tax_book,
    unsettle,
)

__all__ = [
    "CONSENTS",
    "QUANTITY_MAX",
    "can_carry",
    "cancel_unpaid",
    "confirm_payment",
    "consents_needed",
    "discounts_of",
    "end_promo_code",
    "give_up",
    "hear_provider",
    "let_rest",
    "local_day",
    "lock_line",
    "lock_own_line",
    "make_promo_code",
    "owe_entries",
    "place_order",
    "record_delivery",
    "record_notice",
    "record_paid_back",
    "reserve",
    "send_again",
    "settle",
    "tax_book",
    "unsettle",
]
