"""Acts upon credit."""

from fairroam.apps.wallet.operations.lots import (
    end_expired,
    forfeit_gifts,
    give,
    open_lot,
    owners_of_expired,
)
from fairroam.apps.wallet.operations.refunding import pay_out_rest, refund_balance, waive
from fairroam.apps.wallet.operations.spending import (
    Piece,
    Return,
    capture,
    give_back,
    give_back_each,
    plan_spending,
    release,
    reserve,
    reserve_again,
)
from fairroam.apps.wallet.operations.topping import (
    confirm_top_up,
    is_top_up,
    set_terms,
    top_up,
)
from fairroam.apps.wallet.operations.transferring import (
    accept_credit,
    decline_credit,
    due_transfers,
    finish_credit,
    refuse_credit,
    release_credit,
    send_credit,
    undo_credit,
)

__all__ = [
    "Piece",
    "Return",
    "accept_credit",
    "capture",
    "confirm_top_up",
    "decline_credit",
    "due_transfers",
    "end_expired",
    "finish_credit",
    "forfeit_gifts",
    "give",
    "give_back",
    "give_back_each",
    "is_top_up",
    "open_lot",
    "owners_of_expired",
    "pay_out_rest",
    "plan_spending",
    "refund_balance",
    "refuse_credit",
    "release",
    "release_credit",
    "reserve",
    "reserve_again",
    "send_credit",
    "set_terms",
    "top_up",
    "undo_credit",
    "waive",
]
