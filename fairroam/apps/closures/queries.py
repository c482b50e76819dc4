"""Reads of closings: the checklist, how far one is, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import connection
from django.db.models import Q
from django.utils.crypto import salted_hmac

from fairroam.apps.closures.models import (
    GIVEN_UP,
    STEPS,
    UNDOABLE,
    ClosedMark,
    Closure,
    ClosureStep,
    ServiceEnd,
)
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.queries import LineRow, numbers
from fairroam.apps.exports.queries import exported_since_change
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.metering import queries as metering
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.queries import OrderPage
from fairroam.apps.payments import queries as payments
from fairroam.apps.refunds import queries as refunds
from fairroam.apps.wallet import queries as wallet
from fairroam.rules.closure_checklist import (
    Checklist,
    Doubtful,
    OpenRefund,
    Pot,
    RefundRight,
    RunningPlan,
    Standing,
    check,
    doubts,
)

FIGURES = ("PAID_IN", "GIFTED", "RECEIVED", "PAID_BACK", "GIVEN_AWAY", "FORFEITED", "KEPT")
SELDOM = ("GIFTED", "RECEIVED", "GIVEN_AWAY")  # named only where there is something to say
MOVES = {
    ("refunds_owed", "clearing"): "PAID_BACK",
    ("refunds_owed", "loss"): "PAID_BACK",  # by their own bank, in a dispute that we lost
    ("unearned", "breakage"): "FORFEITED",
}
SEAL = "closing"
SEAL_LASTS = timedelta(days=7)
ORDER_IN_PROGRESS = ("awaiting_payment", "paid", "fulfilling")


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: done at that moment, or None; `waits_for` says what is still missing."""

    name: str
    done_at: datetime | None
    waits_for: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRow:
    """One closing for a page. certificate: its number, once there is one."""

    id: int
    customer_id: int
    customer_number: str
    stage: str
    checklist: list[dict[str, Any]]
    key: UUID
    timing: str
    requested_at: datetime
    due_at: datetime
    claimed_at: datetime | None
    held_by: tuple[str, ...]
    doubts: tuple[str, ...]
    review_by: datetime | None
    question_words: str
    answer_words: str
    reject_words: str
    zone: str
    closed_at: datetime | None
    certificate: str | None
    steps: tuple[StepRow, ...]

    @property
    def can_be_undone(self) -> bool:
        return self.stage in UNDOABLE


# The checklist ----------------------------------------------------------------------------------


def checklist(customer_id: int, now: datetime) -> Checklist:
    """What leaving would mean for this customer now."""
    return check(standing(customer_id, now), now=now)


def standing(customer_id: int, now: datetime) -> Standing:
    """What every room below knows of the customer, for the checklist."""
    pages = orders.orders_of(customer_id)
    open_refunds = refunds.open_refunds_of(customer_id)
    asked = {refund.order_line_id for refund in open_refunds}
    line_ids = [line.id for page in pages if page.paid_at for line in page.lines]
    return Standing(
        rights=tuple(
            right
            for line_id in line_ids
            if line_id not in asked
            for right in rights_of(line_id, now)
        ),
        plans=tuple(plan_of(line) for line in esims.live_lines_of(customer_id)),
        refunds=tuple(
            OpenRefund(
                refund_id=refund.id,
                stage=refund.stage,
                currency=refund.currency,
                expected_minor=refund.expected_minor,
            )
            for refund in open_refunds
        ),
        orders_in_progress=tuple(page.number for page in pages if is_in_progress(page)),
        has_open_payouts=payments.has_open_payouts(customer_id),
        refunds_owed=pots(customer_id, "refunds_owed"),
        paid_credit=pots(customer_id, "paid_credit"),
        promo_credit=pots(customer_id, "promo_credit"),
        order_lines_with_number=tuple(numbers.kept_lines_of(customer_id)),
        order_lines_in_phones=tuple(
            line_id for line_id in line_ids if esims.is_on_a_phone(line_id)
        ),
        is_export_taken=exported_since_change(customer_id),
    )


def rights_of(order_line_id: int, now: datetime) -> Iterator[RefundRight]:
    """What the rules would give back for that line, if it is anything."""
    quote = refunds.quote(order_line_id, now=now)
    if quote.due:
        yield RefundRight(order_line_id=order_line_id, currency=quote.currency, due_minor=quote.due)


def plan_of(line: LineRow) -> RunningPlan:
    usage = metering.usage_of(line.order_line_id)
    data = [allowance for allowance in usage.allowances if allowance.kind == "data"]
    limited = [allowance for allowance in data if allowance.granted is not None]
    left = sum(max(0, (allowance.granted or 0) - allowance.used) for allowance in limited)
    return RunningPlan(
        order_line_id=line.order_line_id,
        ends_at=usage.ends_at,
        validity_days=orders.terms_of(line.order_line_id).plan_copy["validity_days"],
        bytes_left=left if len(limited) == len(data) else None,
    )


def is_in_progress(page: OrderPage) -> bool:
    """Whether an order is still being paid for, or one of its eSIMs still being made."""
    if page.stage not in ORDER_IN_PROGRESS:
        return False
    states = [esims.line_state(line.id).stage for line in page.lines]
    return page.paid_at is None or "pending" in states


def plans_end_at(customer_id: int) -> datetime | None:
    """When the last of the customer's running plans ends; None when none has an end."""
    ends = [plan_of(line).ends_at for line in esims.live_lines_of(customer_id)]
    return max((end for end in ends if end is not None), default=None)


def doubts_of(customer_id: int) -> tuple[str, ...]:
    """Why a person must look at a closing before it begins; none for a clear one."""
    return doubts(
        Doubtful(
            accounts_on_phone=esims.accounts_on_phones_of(customer_id),
            has_lost_dispute=payments.has_lost_dispute(customer_id),
        )
    )


def pots(customer_id: int, kind: str) -> tuple[Pot, ...]:
    return tuple(
        Pot(currency=book.name.currency, minor=book.minor)
        for book in ledger.balances_of(customer_id)
        if book.name.kind == kind
    )


# How far a closing is ---------------------------------------------------------------------------


def closure_row(closure: Closure) -> ClosureRow:
    taken = {step.name: step for step in closure.steps.all()}
    return ClosureRow(
        id=closure.pk,
        customer_id=closure.customer_id,
        customer_number=closure.customer.number,
        stage=closure.stage,
        checklist=closure.checklist,
        key=closure.key,
        timing=closure.timing,
        requested_at=closure.requested_at,
        due_at=closure.due_at,
        claimed_at=closure.claimed_at,
        held_by=tuple(closure.held_by),
        doubts=tuple(closure.doubts),
        review_by=closure.review_by,
        question_words=closure.question_words,
        answer_words=closure.answer_words,
        reject_words=closure.reject_words,
        zone=closure.customer.zone,
        closed_at=closure.closed_at,
        certificate=closure.certificate.number if closure.certificate else None,
        steps=tuple(
            StepRow(
                name,
                taken[name].done_at if name in taken else None,
                taken[name].proof.get("waits_for") if name in taken else None,
            )
            for name in STEPS
        ),
    )


ROWS = Closure.objects.select_related("customer", "certificate").prefetch_related("steps")


def closure_of(customer_id: int) -> ClosureRow | None:
    """The customer's closing; None while they have not asked for it."""
    found = ROWS.all().filter(customer_id=customer_id).exclude(stage__in=GIVEN_UP).first()
    return closure_row(found) if found else None


def queue(now: datetime) -> list[ClosureRow]:
    """Closings that are due and not over, oldest first, for the desk."""
    return [closure_row(found) for found in ROWS.all().filter(unfinished(now)).order_by("pk")]


def reviews() -> list[ClosureRow]:
    """Closings that a person looks at, or has asked about; the nearest last day first."""
    waiting = ROWS.all().filter(stage__in=("review", "asked"))
    return [closure_row(found) for found in waiting.order_by("review_by", "pk")]


def digest_of(address: str) -> str:
    """The keyed hash of an address, whatever its case: nobody without our key can try addresses."""
    return salted_hmac("fairroam.closed", address.strip().lower(), algorithm="sha256").hexdigest()


def closed_on(address: str, now: datetime) -> datetime | None:
    """When the account with this address was closed; None when we know of none, any more."""
    known = ClosedMark.objects.filter(digest=digest_of(address), keep_until__gt=now).first()
    return known.closed_at if known else None


def rejected_of(customer_id: int) -> ClosureRow | None:
    """The customer's newest closing, if it was rejected."""
    newest = ROWS.all().filter(customer_id=customer_id).order_by("-pk").first()
    return closure_row(newest) if newest and newest.stage == "rejected" else None


def seal_of(closure: Closure | ClosureRow) -> str:
    """What opens the page of a closing without a sign-in, which the closing ends."""
    return signing.dumps(str(closure.key), salt=SEAL)


def closure_by_seal(seal: str, now: datetime) -> ClosureRow:
    """The closing that this seal opens, until a week after its end. Raises NotAmongYours."""
    try:
        key = signing.loads(seal, salt=SEAL)
    except signing.BadSignature:
        raise NotAmongYours from None
    found = ROWS.all().filter(key=key).first()
    if found is None or (found.closed_at and now >= found.closed_at + SEAL_LASTS):
        raise NotAmongYours
    return closure_row(found)


def unfinished(now: datetime) -> Q:
    """Closings with a step still to take by now."""
    begun = ~Q(stage__in=(*UNDOABLE, *GIVEN_UP))
    is_open = ~Q(stage="certified") | Q(sealed_address__isnull=False)
    return (begun & is_open) | Q(stage="requested", due_at__lte=now)


def ends_due(now: datetime) -> list[int]:
    """Ends of single services whose time has come."""
    due = ServiceEnd.objects.filter(stage="asked", due_at__lte=now)
    return list(due.order_by("due_at").values_list("pk", flat=True))


def end_of_service(order_line_id: int) -> ServiceEnd | None:
    """The end that this service has or is to have; the newest one."""
    asked = ServiceEnd.objects.filter(order_line_id=order_line_id).exclude(stage="undone")
    return asked.order_by("-pk").first()


def next_step(closure_id: int) -> str | None:
    """The first step that is not done; None after the last."""
    done = set(
        ClosureStep.objects.filter(closure_id=closure_id, done_at__isnull=False).values_list(
            "name", flat=True
        )
    )
    return next((name for name in STEPS if name not in done), None)


def figures_of(customer_id: int, *, until: datetime) -> list[tuple[str, str, int]]:
    """The account's money up to `until` as a calculation: (code, currency, minor units, signed).

    What was paid, less what came back and what was forfeited, less what is kept for use (with
    all tax): the lines of a currency add up to nothing left.
    """
    sums: dict[str, dict[str, int]] = {}
    for page in orders.orders_of(customer_id):
        if page.paid_at is not None and page.paid_at <= until:
            figures = sums.setdefault(page.currency, dict.fromkeys(FIGURES, 0))
            figures["PAID_IN"] += page.cash_minor
    for currency, told in wallet.figures_of(customer_id, until=until).items():
        figures = sums.setdefault(currency, dict.fromkeys(FIGURES, 0))
        for code, minor in told.items():
            figures[code] += minor
    for (kind, house, currency), minor in ledger.moved_out(customer_id, until=until).items():
        if (kind, house) in MOVES:
            sums[currency][MOVES[kind, house]] -= minor
    for figures in sums.values():
        figures["KEPT"] = -sum(figures.values())
    return [
        (code, currency, minor)
        for currency, figures in sorted(sums.items())
        for code, minor in figures.items()
        if minor or code not in SELDOM
    ]


# What contradicts itself ------------------------------------------------------------------------
FAULTS = {
    # I25: closed means that nothing is left and nothing lives.
    "closed customer {} has money left in a book": """
        SELECT DISTINCT c.id FROM customers_customer c JOIN ledger_book b ON b.customer_id = c.id
        WHERE NOT c.is_open AND b.balance_minor <> 0 AND b.kind <> 'refunds_owed'""",
    "closed customer {} still has something that lives": """
        SELECT c.id FROM customers_customer c WHERE NOT c.is_open AND (
            EXISTS (SELECT 1 FROM orders_order x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM esims_line x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM esims_profile x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM refunds_refundrequest x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM payments_payout x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM conversations_thread x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM notices_notice x WHERE x.customer_id = c.id AND x.is_live))""",
    "customer {} is closed without a closing": """
        SELECT c.id FROM customers_customer c WHERE NOT c.is_open AND NOT EXISTS (
            SELECT 1 FROM closures_closure x WHERE x.customer_id = c.id
              AND x.stage IN ('closed', 'certified') AND x.closed_at = c.closed_at)""",
    # I27: one certificate per closing, and none without.
    "customer {} has more or less certificates than certified closings": """
        SELECT c.id FROM customers_customer c WHERE
            (SELECT count(*) FROM papers_paper p
             WHERE p.customer_id = c.id AND p.kind = 'certificate')
         <> (SELECT count(*) FROM closures_closure x
             WHERE x.customer_id = c.id AND x.stage = 'certified')""",
    "closing {} is certified without its certificate": """
        SELECT id FROM closures_closure
        WHERE (stage = 'certified') <> (certificate_id IS NOT NULL)""",
    # I28: the address goes with the last mail.
    "closing {} kept the address after the last mail": """
        SELECT x.id FROM closures_closure x JOIN closures_closurestep s ON s.closure_id = x.id
        WHERE s.name = 'last_mail' AND s.done_at IS NOT NULL
          AND (x.sealed_address IS NOT NULL OR x.salts IS NOT NULL OR x.sealed_phone <> '')""",
    "closing {} keeps an address for a settlement that is over": """
        SELECT id FROM closures_closure x WHERE x.payout_contact IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM closures_settlement s WHERE s.closure_id = x.id
              AND s.ended_at IS NULL)""",
}


def find_faults() -> Iterator[str]:
    """What contradicts itself; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
    for closure in Closure.objects.filter(stage="certified").select_related("certificate"):
        assert closure.closed_at is not None
        assert closure.certificate is not None
        said = [
            (figure["code"], figure["amount"]["currency"], figure["amount"]["minor"])
            for figure in closure.certificate.statement.get("figures", [])
        ]
        if said != figures_of(closure.customer_id, until=closure.closed_at):
            yield f"the certificate of closing {closure.pk} says other figures than the books"
