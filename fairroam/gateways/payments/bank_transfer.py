"""Bank transfers to our own account: there is nobody to call, people at the desk see what arrives.

The customer quotes a creditor reference of ISO 11649, whose check digits find a slip of the pen.
What goes back is a transfer that two people at the desk send.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from stdnum.iso7064 import mod_97_10

from fairroam.gateways.payments import (
    BadSignature,
    Capabilities,
    DailyReport,
    GatewayUnreachable,
    PaymentGateway,
    PaymentRefused,
    PaymentState,
    PayoutReceipt,
    PayoutRefused,
    ProviderEvent,
    StartedPayment,
)
from fairroam.rules.money import Money

LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which look like digits
REFERENCE_LENGTH = 12


def connect() -> PaymentGateway:
    """Return what stands for our own bank account."""
    return BankTransfers()


def reference_of(key: UUID) -> str:
    """The creditor reference of a charge (ISO 11649), the same for the same key: `RF97...`."""
    rest, letters = key.int, ""
    for _ in range(REFERENCE_LENGTH):
        rest, index = divmod(rest, len(LETTERS))
        letters += LETTERS[index]
    return f"RF{mod_97_10.calc_check_digits(letters + 'RF')}{letters}"


class BankTransfers:
    """See `PaymentGateway`; what only a bank could answer stays unknown here."""

    capabilities = Capabilities(
        partial_refunds=True,
        refund_days_max=None,
        refund_parts_max=None,
        currencies=frozenset({"EUR"}),  # SEPA credit transfers
        is_by_hand=True,
    )

    def start_payment(
        self,
        *,
        key: UUID,
        amount: Money,
        reference: str,
        description: str,
        return_url: str,
        language: str,
    ) -> StartedPayment:
        """See `PaymentGateway`. The page with what to transfer lies below `return_url`."""
        if amount.currency not in (self.capabilities.currencies or ()):
            raise PaymentRefused("currency_not_taken")
        return StartedPayment(reference_of(key), f"{return_url}transfer/")

    def look_up_payment(self, *, provider_ref: str) -> PaymentState:
        """See `PaymentGateway`."""
        raise GatewayUnreachable("people say what arrived")

    def pay_back(self, *, payment_ref: str, amount: Money, key: UUID) -> PayoutReceipt:
        """See `PaymentGateway`."""
        raise PayoutRefused("by_hand")

    def look_up_payout(self, *, payment_ref: str, key: UUID) -> PayoutReceipt | None:
        """See `PaymentGateway`."""
        raise GatewayUnreachable("people say what was sent")

    def daily_report(self, *, day: date) -> DailyReport:
        """See `PaymentGateway`."""
        raise GatewayUnreachable("people read the bank's statement")

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> ProviderEvent:
        """See `PaymentGateway`: nobody has a key for this door."""
        raise BadSignature
