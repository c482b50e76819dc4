"""What shops, testers and the demo may ask of the stand-in, and the test cards it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

REFUND_SECONDS = 2.0

Amount = Annotated[int, Meta(ge=1, le=10**12)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
RefundStatus = Literal["pending", "succeeded", "failed", "requires_action", "cancelled"]


class NewIntent(Struct, forbid_unknown_fields=True):
    """A payment that a shop asks for; `amount` in minor units."""

    amount: Amount
    currency: Currency
    reference: Text
    description: Text
    return_url: Annotated[str, Meta(pattern="^https?://", max_length=2000)]
    language: Annotated[str, Meta(max_length=35)] = "en"


class NewRefund(Struct, forbid_unknown_fields=True):
    """Money to give back from one captured intent; `reference` is the shop's own UUID."""

    intent: Text
    amount: Amount
    currency: Currency
    reference: Text


class NewDispute(Struct, forbid_unknown_fields=True):
    """The customer's bank takes `amount` back."""

    intent: Text
    amount: Amount


class RefundMove(Struct, forbid_unknown_fields=True):
    """Where a refund goes now, and the bank's reason if it fails."""

    status: RefundStatus
    reason: str = ""


class NewSettlement(Struct, forbid_unknown_fields=True):
    """Money that goes to the shop's own bank."""

    amount: Amount
    currency: Currency


class DisputeEnd(Struct, forbid_unknown_fields=True):
    """How the bank decided: the shop has `won` or `lost`."""

    outcome: Literal["won", "lost"]


class Settings(Struct, forbid_unknown_fields=True):
    """How the stand-in behaves from now on.

    refund_answer: the status in which a refund is accepted. refund_seconds: a pending refund
    ends after so long; null = only by hand. refund_ends_as: what it ends as.
    report_fault: the daily report leaves out its first line (`dropped`), says it twice
    (`doubled`), or says its last line a day too late (`shifted`). dispute_fee: what a lost dispute
    costs the shop. is_window_over: every payment is too old to be refunded.
    hooks_held, hook_copies: see `Hooks`.
    """

    refund_answer: RefundStatus = "pending"
    refund_seconds: Annotated[float, Meta(ge=0)] | None = REFUND_SECONDS
    refund_ends_as: RefundStatus = "succeeded"
    report_fault: Literal["", "dropped", "doubled", "shifted"] = ""
    dispute_fee: Annotated[int, Meta(ge=0)] = 0
    is_window_over: bool = False
    hooks_held: bool = False
    hook_copies: Annotated[int, Meta(ge=1, le=10)] = 1


@dataclass(frozen=True, slots=True)
class Card:
    """A test card: refused when `refusal` is set; later refunds fail with `refund_failure`."""

    refusal: str = ""
    refund_failure: str = ""


CARDS = {
    "4242424242424242": Card(),
    "4000000000000002": Card(refusal="card_declined"),
    "4000000000000341": Card(refund_failure="expired_or_cancelled_card"),
}
