"""Reads of the wallet: what is there, what became of it, what a top-up gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.payments import queries as payments
from fairroam.apps.wallet.models import CreditTransfer, Lot, Move, Spending, Terms, TopUp
from fairroam.apps.wallet.queries import vouchers
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

    With the last of the paid credit the bonuses end that came with it; other gifts stay.
    """
    free = live_lots(customer_id, currency).filter(payable(customer_id, now))
    paid = sum(lot.left_minor - lot.reserved_minor for lot in free.filter(kind="paid"))
    bonus = sum(
        lot.left_minor - lot.reserved_minor
        for lot in live_lots(customer_id, currency).filter(kind="promo", origin="top_up")
    )
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
    for sent in transfers_of(customer_id):
        if sent.pk == transfer_id:
            return sent
    raise NotAmongYours(credit_transfer_id=transfer_id)


def transfers_to_review() -> QuerySet[CreditTransfer]:
    """What a person looks at before it goes on, oldest first."""
    waiting = CreditTransfer.objects.filter(stage="review").select_related("sender", "recipient")
    return waiting.order_by("pk")


# What contradicts itself ------------------------------------------------------------------------
FAULTS = {
    "lot {} does not hold what its moves add up to": """
        SELECT l.id FROM wallet_lot l LEFT JOIN wallet_move m ON m.lot_id = l.id
        GROUP BY l.id HAVING l.left_minor <> coalesce(sum(m.minor), 0)""",
    "lot {} reserves something else than its spendings": """
        SELECT l.id FROM wallet_lot l LEFT JOIN wallet_spending s
            ON s.lot_id = l.id AND s.stage = 'reserved'
        GROUP BY l.id HAVING l.reserved_minor <> coalesce(sum(s.amount_minor), 0)""",
    # I3, I6: a book of credit is the sum of its lots.
    "customer {} has other lots than their books of credit say": """
        SELECT DISTINCT coalesce(b.customer_id, l.customer_id) FROM (
            SELECT customer_id, currency, kind, balance_minor AS minor FROM ledger_book
            WHERE kind IN ('paid_credit', 'promo_credit')) b
        FULL JOIN (SELECT customer_id, currency, kind || '_credit' AS kind, sum(left_minor) AS minor
            FROM wallet_lot GROUP BY 1, 2, 3) l
        ON (b.customer_id, b.currency, b.kind) = (l.customer_id, l.currency, l.kind)
        WHERE coalesce(b.minor, 0) <> coalesce(l.minor, 0)""",
    # I7: what leaves as money was paid in, by the very payment that it leaves by.
    "payout {} pays out something else than paid credit of its own payment": """
        SELECT o.id FROM payments_payout o LEFT JOIN wallet_lot l
            ON l.payment_id = o.payment_id AND l.kind = 'paid' AND l.customer_id = o.customer_id
        LEFT JOIN wallet_move m ON m.lot_id = l.id AND m.cause = split_part(o.cause, '/', 1)
        WHERE o.cause LIKE 'balance-refund:%' GROUP BY o.id
        HAVING -coalesce(sum(m.minor), 0) <> (  -- A provider may have paid it in two goes.
          SELECT sum(x.amount_minor) FROM payments_payout x WHERE x.payment_id = o.payment_id
          AND split_part(x.cause, '/', 1) = split_part(o.cause, '/', 1) AND stage <> 'rerouted')""",
    "promotional lot {} left as money or to somebody else": """
        SELECT l.id FROM wallet_lot l JOIN wallet_move m ON m.lot_id = l.id
        WHERE l.kind = 'promo' AND m.cause LIKE ANY (ARRAY['balance-refund:%', 'transfer:%'])""",
    "top-up {} is paid without its lot, or has one unpaid": """
        SELECT t.id FROM wallet_topup t WHERE (t.paid_at IS NOT NULL) <> EXISTS (
            SELECT 1 FROM wallet_lot l WHERE l.top_up_id = t.id AND l.kind = 'paid'
              AND l.amount_minor = t.paid_minor AND l.payment_id = t.payment_id)""",
    "voucher {} is redeemed without its lot, or has one unredeemed": """
        SELECT v.id FROM wallet_voucher v LEFT JOIN wallet_lot l ON l.voucher_id = v.id
        WHERE (v.stage = 'redeemed') <> (l.id IS NOT NULL) OR (l.customer_id, l.amount_minor,
            l.currency) <> (v.redeemed_by_id, v.amount_minor, v.currency)""",
    "credit transfer {} is not what its parts add up to": """
        SELECT t.id FROM wallet_credittransfer t
        LEFT JOIN wallet_transferpart p ON p.transfer_id = t.id
        GROUP BY t.id HAVING t.amount_minor <> coalesce(sum(p.minor), 0)""",
}
IN_TRANSFER = """
    SELECT coalesce(held.currency, open.currency), coalesce(held.minor, 0), coalesce(open.minor, 0)
    FROM (SELECT b.currency, sum(CASE WHEN t.target_id = b.id THEN t.minor ELSE -t.minor END)
              AS minor
          FROM ledger_book b JOIN ledger_transfer t ON b.id IN (t.source_id, t.target_id)
          WHERE b.kind = 'in_transfer' GROUP BY 1) held
    FULL JOIN (SELECT currency, sum(amount_minor) AS minor FROM wallet_credittransfer
               WHERE is_live GROUP BY 1) open ON open.currency = held.currency
    WHERE coalesce(held.minor, 0) <> coalesce(open.minor, 0)
"""


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
        cursor.execute(IN_TRANSFER)
        for currency, held, meant in cursor.fetchall():
            yield f"{held} {currency} are held for transfers, and {meant} are on their way"
    yield from vouchers.find_faults()
