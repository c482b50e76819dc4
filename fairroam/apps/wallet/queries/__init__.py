"""Reads of the wallet: what is there, what became of it, what a top-up gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.payments import queries as payments
from fairroam.apps.wallet.models import CreditTransfer, Lot, Move, Spending, Terms, TopUp
from fairroam.apps.wallet.queries import vouchers
from fairroam.apps.wallet.queries.faults import find_faults as find_faults  # for `worker.books`
from fairroam.apps.wallet.refusals import NoWalletTerms
from fairroam.rules.balances import balance
from fairroam.rules.burning import Purse, burn_parts

BOOKS = {"paid": "paid_credit", "promo": "promo_credit"}  # kind of a lot -> kind of its book


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """One lot for the wallet's page; minor units."""

    id: int
    is_promo: bool
    currency: str
    amount_minor: int
    left_minor: int
    reserved_minor: int
    origin: str
    made_at: datetime
    expires_at: datetime | None
    is_disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Purses:
    """A customer's credit in one currency as it can be spent now; minor units.

    free: neither reserved for an unpaid order, nor of a payment that is disputed, nor expired.
    """

    currency: str
    burn: str
    paid: int
    promo: int
    free_paid: int
    free_promo: int

    @property
    def free(self) -> int:
        return self.free_paid + self.free_promo

    @property
    def total(self) -> int:
        return self.paid + self.promo


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One line of the history; `minor` is signed."""

    minor: int
    currency: str
    is_promo: bool
    cause: str  # its kind: the part before the colon
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class BalanceQuote:
    """What asking for the balance would give back, and what would end with it; minor units."""

    currency: str
    cash: int
    promo_lost: int


def terms(currency: str, now: datetime) -> Terms:
    """What counts for a top-up in that currency now. Raises NoWalletTerms."""
    found = Terms.objects.filter(currency=currency, counts_from__lte=now).order_by("-counts_from")
    newest = found.first()
    if newest is None:
        raise NoWalletTerms(currency=currency)
    return newest


def currencies(now: datetime) -> list[str]:
    """In which currencies there is a wallet."""
    found = Terms.objects.filter(counts_from__lte=now).order_by("currency")
    return list(found.values_list("currency", flat=True).distinct())


def bonus_of(agreed: Terms, paid_minor: int) -> int:
    """What is given on top of so much: of the steps that are reached, the last one's."""
    reached = [bonus for least, bonus in agreed.bonus_steps if paid_minor >= least]
    return int(reached[-1]) if reached else 0


def burn_of(customer_id: int, currency: str, now: datetime) -> str:
    """Which credit of this customer burns first: as they were told at their newest top-up."""
    paid = TopUp.objects.filter(customer_id=customer_id, currency=currency, paid_at__isnull=False)
    told = paid.order_by("-paid_at", "-pk").values_list("burn", flat=True).first()
    return told or terms(currency, now).burn


# What is there ----------------------------------------------------------------------------------


def undisputed(now: datetime) -> Q:
    """Lots whose payment, or their top-up's, no bank looks at; a gift's time must not be over."""
    is_in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return is_in_time & ~Q(payment__is_disputed=True) & ~Q(top_up__payment__is_disputed=True)


def usable(now: datetime) -> Q:
    """Lots that may be spent or sent; those of a payment that its bank took back only paid out."""
    taken = payments.taken_back()
    was_taken = Q(payment__in=taken) | Q(top_up__payment__in=taken)  # a bonus goes with its money
    return undisputed(now) & (vouchers.GIVEN | ~was_taken)


def payable(customer_id: int, now: datetime) -> Q:
    """Lots that may leave as money: what somebody else's voucher brought rests for a while."""
    is_young = Q(voucher__isnull=False, made_at__gt=now - vouchers.VOUCHER_RESTS)
    return undisputed(now) & ~(is_young & ~Q(payment__customer_id=customer_id))


def live_lots(customer_id: int, currency: str) -> QuerySet[Lot]:
    return Lot.objects.filter(customer_id=customer_id, currency=currency, is_live=True)


def spent(customer_id: int, currency: str) -> dict[str, int]:
    """Kind of lot -> what is spent or reserved of all such lots, less what came back."""
    kept = Spending.objects.filter(
        lot__customer_id=customer_id, lot__currency=currency, stage__in=["reserved", "captured"]
    )
    sums = kept.values("lot__kind").annotate(went=Sum("amount_minor"), came=Sum("returned_minor"))
    return {row["lot__kind"]: row["went"] - row["came"] for row in sums}


def parts_of(
    lots: Sequence[Lot], minor: int, *, customer_id: int, currency: str, now: datetime
) -> list[tuple[Lot, int]]:
    """Which of these lots give how much to a spending of `minor`, by the wallet's burn order."""
    by_id = {lot.pk: lot for lot in lots}
    before = spent(customer_id, currency)
    found = burn_parts(
        [
            Purse(
                id=lot.pk,
                is_promo=lot.kind == "promo",
                left=lot.left_minor - lot.reserved_minor,
                expires_at=lot.expires_at,
            )
            for lot in lots
        ],
        minor,
        burn_of(customer_id, currency, now),
        spent_paid=before.get("paid", 0),
        spent_promo=before.get("promo", 0),
    )
    return [(by_id[lot_id], part) for lot_id, part in found]


def purses_of(customer_id: int, currency: str, now: datetime) -> Purses:
    """What the customer has in that currency. Raises NoWalletTerms."""
    sums = {"paid": 0, "promo": 0, "free_paid": 0, "free_promo": 0}
    for lot in live_lots(customer_id, currency):
        sums[lot.kind] += lot.left_minor
    for lot in live_lots(customer_id, currency).filter(usable(now)):
        sums[f"free_{lot.kind}"] += lot.left_minor - lot.reserved_minor
    return Purses(currency=currency, burn=burn_of(customer_id, currency, now), **sums)


def purses(customer_id: int, now: datetime) -> list[Purses]:
    """What the customer has in every currency in which there is a wallet."""
    return [purses_of(customer_id, currency, now) for currency in currencies(now)]


def free_credit(customer_id: int, currency: str, now: datetime) -> int:
    """What could pay for something now; 0 where there is no wallet in that currency."""
    if not live_lots(customer_id, currency).exists():
        return 0
    return purses_of(customer_id, currency, now).free


def lots_of(customer_id: int) -> Rows[LotRow]:
    """The lots in which something is left, oldest first."""
    lots = Lot.objects.filter(customer_id=customer_id, is_live=True).order_by("pk")
    return Rows(lots.select_related("payment"), lot_row)


def lot_row(lot: Lot) -> LotRow:
    return LotRow(
        id=lot.pk,
        is_promo=lot.kind == "promo",
        currency=lot.currency,
        amount_minor=lot.amount_minor,
        left_minor=lot.left_minor,
        reserved_minor=lot.reserved_minor,
        origin=lot.origin,
        made_at=lot.made_at,
        expires_at=lot.expires_at,
        is_disputed=lot.payment is not None and lot.payment.is_disputed,
    )


def history(customer_id: int) -> Rows[MoveRow]:
    """What came and went, newest first."""
    moves = Move.objects.filter(lot__customer_id=customer_id).select_related("lot")
    return Rows(moves.order_by("-pk"), move_row)


def move_row(move: Move) -> MoveRow:
    kind, lot = move.cause.partition(":")[0], move.lot
    return MoveRow(move.minor, lot.currency, lot.kind == "promo", kind, move.moved_at)


def quote_balance(customer_id: int, currency: str, now: datetime) -> BalanceQuote:
    """What of the balance comes back as money now: what was paid, never what was given on top.

    With the last of the paid credit the bonuses end that came with it; other gifts stay. While
    some is held back, by a bank or for an unpaid order, they stay too.
    """
    lots = live_lots(customer_id, currency)
    paid_lots = lots.filter(kind="paid")
    free = paid_lots.filter(payable(customer_id, now))
    paid = sum(lot.left_minor - lot.reserved_minor for lot in free)
    is_all = paid == sum(lot.left_minor for lot in paid_lots)
    bonuses = [lot for lot in lots if lot.is_bonus and is_all]
    bonus = sum(lot.left_minor - lot.reserved_minor for lot in bonuses)
    said = balance([{"paid": paid, "bonus": bonus}], 0, burn_of(customer_id, currency, now))
    return BalanceQuote(currency, said["cash"], said["promo_lost"])


def example(agreed: Terms, paid_minor: int, spent_minor: int) -> BalanceQuote:
    """What would be left to take back after so much was spent of one top-up on these terms."""
    topped_up = {"paid": paid_minor, "bonus": bonus_of(agreed, paid_minor)}
    said = balance([topped_up], spent_minor, agreed.burn)
    return BalanceQuote(agreed.currency, said["cash"], said["promo_lost"])


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A payment that free paid credit came in by; minor units."""

    minor: int
    paid_at: datetime | None
    is_yours: bool  # False: somebody else paid it; it goes to a bank account then


def sources_of(customer_id: int, currency: str, now: datetime) -> list[SourceRow]:
    """Where the paid credit that is free came from, oldest first."""
    lots = live_lots(customer_id, currency).filter(payable(customer_id, now), kind="paid")
    return [
        SourceRow(
            lot.left_minor - lot.reserved_minor,
            lot.payment.captured_at,
            lot.payment.customer_id == customer_id,
        )
        for lot in lots.select_related("payment").order_by("pk")
        if lot.payment is not None and lot.left_minor > lot.reserved_minor
    ]


def figures_of(customer_id: int, *, until: datetime) -> dict[str, dict[str, int]]:
    """Per currency, what the wallet adds to an account's sums up to `until`; signed minor units.

    What was paid in, what of gifts was spent, what came from others and what went to them.
    """
    sums: dict[str, dict[str, int]] = {}

    def add(currency: str, code: str, minor: int) -> None:
        told = sums.setdefault(currency, {})
        told[code] = told.get(code, 0) + minor

    for top_up in TopUp.objects.filter(customer_id=customer_id, paid_at__lte=until):
        add(top_up.currency, "PAID_IN", top_up.paid_minor)
    gifts = Spending.objects.filter(
        lot__customer_id=customer_id, lot__kind="promo", stage="captured"
    )
    for spending in gifts.select_related("lot"):
        minor = spending.amount_minor - spending.returned_minor
        add(spending.lot.currency, "GIFTED", minor)
    passed = Q(sender_id=customer_id) | Q(recipient_id=customer_id)
    for sent in CreditTransfer.objects.filter(passed, stage="done", ended_at__lte=until):
        if sent.sender_id == customer_id:
            add(sent.currency, "GIVEN_AWAY", -sent.amount_minor)
        if sent.recipient_id == customer_id:
            add(sent.currency, "RECEIVED", sent.amount_minor)
    for currency, code, minor in vouchers.figures(customer_id, until=until):
        add(currency, code, minor)
    return sums


# Transfers --------------------------------------------------------------------------------------


def given_away(customer_id: int, currency: str, *, since: datetime) -> int:
    """What the customer sent, or means to send, to others since then."""
    sent = CreditTransfer.objects.filter(
        sender_id=customer_id,
        currency=currency,
        asked_at__gt=since,
        stage__in=["review", "waiting", "resting", "done"],
    )
    return sent.aggregate(total=Sum("amount_minor"))["total"] or 0


def transfers_of(customer_id: int) -> QuerySet[CreditTransfer]:
    """What the customer sent and was sent, newest first."""
    theirs = CreditTransfer.objects.filter(
        Q(sender_id=customer_id)
        | (Q(recipient_id=customer_id) & ~Q(stage__in=["review", "undone", "refused"]))
    )
    return theirs.select_related("sender", "recipient").order_by("-pk")


def transfer_of(transfer_id: int, customer_id: int) -> CreditTransfer:
    """A transfer that the customer sent, or may see as its recipient. Raises NotAmongYours."""
    found = transfers_of(customer_id).filter(pk=transfer_id).first()
    if found is None:
        raise NotAmongYours(credit_transfer_id=transfer_id)
    return found


def transfers_to_review() -> QuerySet[CreditTransfer]:
    """What a person looks at before it goes on, oldest first."""
    waiting = CreditTransfer.objects.filter(stage="review").select_related("sender", "recipient")
    return waiting.order_by("pk")
