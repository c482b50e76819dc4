"""The provider's daily report against our clearing book, thing by thing, until nothing is left."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MovedMeanwhile, NotAmongYours
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Difference, Payment, Payout, ProviderEvent, ReportLine
from fairroam.apps.payments.operations.sending import BANK
from fairroam.apps.payments.queries.reports import (
    Subject,
    booked,
    booked_on,
    is_booked,
    reported,
)
from fairroam.gateways.payments import DailyReport, EventKind, ReportKind
from fairroam.gateways.payments import ReportLine as Told
from fairroam.rules.money import Money


@transaction.atomic
def reconcile(*, provider: str, report: DailyReport, now: datetime) -> int:
    """Compare a day's report with the books; how many differences are open afterwards.

    What the report alone can say is booked from it: fees, and money that went to our bank. A
    thing that both know, on whatever day, is no difference. Safe to repeat, also with a report
    that the provider has corrected.
    """
    with connection.cursor() as cursor:  # One at a time per provider.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"reconcile:{provider}"])
    keep_lines(provider, report)
    for line in report.lines:
        book_from_report(provider, line, now)
        follow_up(provider, line, now)
    subjects = {
        Subject(line.kind, line.ref, line.amount.currency): report.day for line in report.lines
    }
    subjects |= dict.fromkeys(booked_on(provider, report.day), report.day)
    return compare(provider, subjects, now)


@transaction.atomic
def look_again(*, provider: str, now: datetime) -> int:
    """Compare what differed once more with the books of now; how many are still open."""
    return compare(provider, {}, now)


def compare(provider: str, subjects: dict[Subject, date], now: datetime) -> int:
    """Keep, end or begin a difference for each of these things, and for all that are open."""
    known = {
        Subject(row.kind, row.ref, row.currency): row
        for row in Difference.objects.filter(provider=provider)
    }
    days = {subject: row.day for subject, row in known.items() if row.resolved_at is None}
    days |= subjects
    ours, theirs = booked(provider, days), reported(provider, days)
    for subject in days:
        weigh(
            provider,
            subject,
            days[subject],
            known.get(subject),
            (ours.get(subject, 0), theirs.get(subject, 0)),
            now,
        )
    left = Difference.objects.filter(provider=provider, resolved_at__isnull=True).count()
    kind = "report.differs" if left else "report.settled"
    journal.tell(kind, actor="system", now=now, provider=provider, differences=left)
    return left


def weigh(
    provider: str,
    subject: Subject,
    day: date,
    row: Difference | None,
    minors: tuple[int, int],
    now: datetime,
) -> None:
    ours, theirs = minors
    if row is None:
        if ours == theirs:
            return
        row = Difference(
            provider=provider,
            day=day,
            kind=subject.kind,
            ref=subject.ref,
            currency=subject.currency,
            found_at=now,
        )
    elif row.resolved_by and (row.ours_minor, row.theirs_minor) == minors:
        return  # A person has settled just this.
    row.ours_minor, row.theirs_minor = ours, theirs
    is_settled = ours == theirs
    row.resolved_at = (row.resolved_at or now) if is_settled else None
    row.resolution, row.resolved_by = "by_itself" if is_settled else "", ""
    row.save()


def keep_lines(provider: str, report: DailyReport) -> None:
    """Keep the report as it was told last."""
    ReportLine.objects.filter(provider=provider, day=report.day).delete()
    ReportLine.objects.bulk_create(
        ReportLine(
            provider=provider,
            day=report.day,
            position=position,
            kind=line.kind,
            ref=line.ref,
            payment_ref=line.payment_ref,
            reference=line.reference,
            currency=line.amount.currency,
            minor=line.minor,
        )
        for position, line in enumerate(report.lines, start=1)
    )


def book_from_report(provider: str, line: Told, now: datetime) -> None:
    """Book what we hear of in no other way, once per number."""
    currency = line.amount.currency
    sources = {
        ReportKind.FEE: BookName("fees", currency, label=provider),
        ReportKind.SETTLEMENT: BookName("clearing", currency, label=BANK),
    }
    if line.kind in sources:
        clearing = BookName("clearing", currency, label=provider)
        key = f"report:{provider}:{line.kind}:{line.ref}"
        if not is_booked(key):  # What they correct later differs, until a person has looked.
            ledger.post([Entry(key, line.amount.minor, sources[line.kind], clearing)], now=now)


def follow_up(provider: str, line: Told, now: datetime) -> None:
    """A notice was lost: ask about a charge; show a person a refund that none of ours is."""
    if line.kind == ReportKind.CAPTURE:
        waiting = Payment.objects.filter(provider=provider, provider_ref=line.ref, stage="started")
        waiting.update(ask_at=now)
    elif line.kind == ReportKind.REFUND:
        ours = Payout.objects.filter(payment__provider=provider)
        if ours.filter(provider_ref=line.ref).exists():
            return
        key = key_in(line.reference)
        if key is None or not ours.filter(key=key).update(ask_at=now):
            quarantine_refund(provider, line, now)


def key_in(reference: str) -> UUID | None:
    """The key of ours that a reference may be; None for what others write there."""
    try:
        return UUID(reference)
    except ValueError:
        return None


def quarantine_refund(provider: str, line: Told, now: datetime) -> None:
    refund = ProviderEvent.objects.filter(provider=provider, content__payout_ref=line.ref)
    if refund.exists():
        return  # Its notice came and waits already, or somebody concluded it.
    ProviderEvent.objects.get_or_create(
        provider=provider,
        event_id=f"report:{line.ref}",
        defaults={
            "kind": EventKind.REFUND_SUCCEEDED,
            "content": {
                "payment_ref": line.payment_ref,
                "payout_key": "",
                "payout_ref": line.ref,
                "dispute_ref": "",
                "dispute_outcome": "",
                "minor": line.amount.minor,
                "currency": line.amount.currency,
            },
            "received_at": now,
            "outcome": "quarantined",
            "reason": "not-ours",
        },
    )


@transaction.atomic
def settle_difference(
    *, difference_id: int, is_booked: bool, words: str, staff_user_id: int, now: datetime
) -> None:
    """A person ends a difference: the report is wrong, or the money is real and nobody's yet.

    is_booked: move it between clearing and suspense, so that clearing is what the provider has.
    Raises NotAmongYours, MovedMeanwhile.
    """
    row = Difference.objects.select_for_update(no_key=True).filter(pk=difference_id).first()
    if row is None:
        raise NotAmongYours(difference_id=difference_id)
    if row.resolved_at is not None:
        raise MovedMeanwhile(difference_id=difference_id)
    row.resolution = "booked" if is_booked else "their_mistake"
    if is_booked:
        book_difference(row, now)
        row.ours_minor = row.theirs_minor
    row.words, row.resolved_by, row.resolved_at = words, f"staff:{staff_user_id}", now
    row.save()
    journal.tell(
        "report.concluded",
        actor=row.resolved_by,
        now=now,
        difference_id=row.pk,
        resolution=row.resolution,
    )


def book_difference(row: Difference, now: datetime) -> None:
    missing = Money(row.theirs_minor - row.ours_minor, row.currency)
    clearing = BookName("clearing", row.currency, label=row.provider)
    suspense = BookName("suspense", row.currency)
    source, target = (clearing, suspense) if missing.minor > 0 else (suspense, clearing)
    key = f"difference:{row.provider}:{row.kind}:{row.ref}/{now.isoformat()}"
    ledger.post([Entry(key, abs(missing.minor), source, target)], now=now)
