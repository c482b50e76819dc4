"""What each kind of paper says: the shape that callers fill and templates rely on.

Callers may pass `rules` Money, datetimes and dates; a statement holds them as JSON. Texts are in
the paper's language. Invoices and credit notes name the buyer, since tax law wants it; all other
kinds name nobody: what must be linked to a person is a salted commitment.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, cast

import msgspec

from fairroam.apps.papers.models import KINDS
from fairroam.rules.money import minor_digits

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Shape(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of a statement: what is not named here is refused, what is empty is left out."""


class Amount(Shape, kw_only=True):
    """Whole minor units, and how many digits of them stand behind the point (ISO 4217)."""

    minor: int
    currency: Currency
    exponent: int | None = None  # filled in from the currency

    def __post_init__(self) -> None:
        self.exponent = minor_digits(self.currency)


class Entry(Shape, kw_only=True):
    """One line of a receipt: its text, the number at its right, and what stands under it.

    code: for programs. why: the facts in words. counts: False greys a line that kept something
    out. at, until: when it happened, how long it is kept or waited for.
    """

    text: str
    code: str = ""
    amount: Amount | None = None
    why: str = ""
    at: Instant | None = None
    until: date | None = None
    counts: bool = True


class Buyer(Shape, kw_only=True):
    """Who bought. country: ISO 3166."""

    name: str = ""
    address: str = ""
    country: str = ""
    tax_number: str = ""


class InvoiceLine(Shape, kw_only=True):
    """gross = net + tax, all for the whole quantity."""

    description: str
    quantity: int = 1
    gross: Amount
    net: Amount
    tax: Amount


class Content(Shape, kw_only=True):
    """What all kinds share. zone: IANA; the picture shows instants in it."""

    zone: str = "UTC"


class Invoice(Content, kw_only=True):
    """tax_rate: "0.19"; the tax is inside `total`. terms: the packs agreed, "eu-crd@1"."""

    order: str
    buyer: Buyer
    lines: Annotated[list[InvoiceLine], msgspec.Meta(min_length=1)]
    total: Amount
    tax: Amount
    tax_rate: str
    paid_by: list[Entry] = []
    terms: list[str] = []


class Refund(Content, kw_only=True):
    """What goes back for one order, reason by reason; `decision` is its number."""

    order: str
    decision: str
    reasons: Annotated[list[Entry], msgspec.Meta(min_length=1)]
    total: Amount
    pay_by: date | None = None
    paid_to: list[Entry] = []


class CreditNote(Refund, kw_only=True):
    """A refund as the tax office sees it; the tax is inside `total`."""

    tax: Amount
    tax_rate: str


class Decision(Refund, kw_only=True):
    """All that `rules.decide` was given and said: anyone can compute it again."""

    facts: dict[str, Any]
    packs: list[dict[str, Any]]
    result: dict[str, Any]


class Receipt(Content, kw_only=True):
    """Money that went back, line by line, and where it arrived; or a declaration that reached us.

    decision, tax: of the money; the tax is inside `total`. declaration: its number; what was
    declared stands in `reasons`, except what names a person.
    """

    order: str = ""
    decision: str = ""
    declaration: str = ""
    reasons: Annotated[list[Entry], msgspec.Meta(min_length=1)]
    total: Amount | None = None
    tax: Amount | None = None
    tax_rate: str = ""
    pay_by: date | None = None
    paid_to: list[Entry] = []


class Certificate(Content, kw_only=True):
    """What became of an account or a line; `balance` is what is still left with us.

    customer: their number. commitments: name of the value -> salted SHA-256 (`fairroam.proof`).
    """

    customer: str
    requested_at: Instant
    closed_at: Instant
    stopped: list[Entry] = []
    paid: list[Entry] = []
    exported: list[Entry] = []
    erased: list[Entry] = []
    kept: list[Entry] = []
    pending: list[Entry] = []
    figures: list[Entry] = []
    balance: list[Amount] = []
    commitments: dict[str, str] = {}


class Waiver(Content, kw_only=True):
    """Paid credit that its owner gave up, and how whoever holds the paper claims it later.

    customer: their number. code: shown at `claim_address`, with the paper's number, until the end
    of `claim_by`, the seller's day. reasons: what it means.
    """

    customer: str
    signed_at: Instant
    reasons: Annotated[list[Entry], msgspec.Meta(min_length=1)]
    total: Amount
    code: str
    claim_address: str
    claim_by: date


SHAPES: dict[str, type[Content]] = {
    "invoice": Invoice,
    "credit_note": CreditNote,
    "receipt": Receipt,
    "decision": Decision,
    "certificate": Certificate,
    "waiver": Waiver,
}
assert SHAPES.keys() == set(KINDS)


def content(kind: str, statement: dict[str, Any]) -> dict[str, Any]:
    """Return `statement` as JSON in the shape of `kind`. Raises msgspec.ValidationError: a bug."""
    shaped = msgspec.convert(statement, SHAPES[kind], from_attributes=True)
    return cast(dict[str, Any], msgspec.to_builtins(shaped))
