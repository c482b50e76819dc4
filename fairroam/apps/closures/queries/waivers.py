"""What could be waived, what was, and what contradicts the books of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from fairroam.apps.closures.models import Waiver
from fairroam.apps.papers import queries as papers
from fairroam.apps.payments import queries as payments
from fairroam.apps.payments.operations import way_back
from fairroam.apps.wallet.models import Lot
from fairroam.apps.wallet.queries import live_lots, payable
from fairroam.rules.waivers import Source, waivable_minor


def waivable(customer_id: int, currency: str, now: datetime) -> int:
    """What of the balance has no way home, in minor units; 0 while there is one.

    What must rest before it may leave as money cannot be waived either.
    """
    lots = live_lots(customer_id, currency).filter(payable(customer_id, now), kind="paid")
    sources = [
        source_of(lot, customer_id, now)
        for lot in lots.select_related("payment").filter(left_minor__gt=F("reserved_minor"))
    ]
    return waivable_minor(sources, has_account=payments.has_account(customer_id))


def source_of(lot: Lot, customer_id: int, now: datetime) -> Source:
    """The way of a lot; what somebody else paid never goes back to their card."""
    assert lot.payment is not None
    free = lot.left_minor - lot.reserved_minor
    is_theirs = lot.payment.customer_id == customer_id
    return Source(free, is_theirs and way_back(lot.payment, minor=free, now=now).is_original)


def waivers_of(customer_id: int, *, stage: str) -> list[Waiver]:
    """The customer's waivers in that stage, oldest first."""
    theirs = Waiver.objects.filter(customer_id=customer_id, stage=stage)
    return list(theirs.select_related("paper").order_by("pk"))


def overdue(now: datetime) -> QuerySet[Waiver]:
    """Waivers that nobody claimed in time: each waits for a person."""
    late = Waiver.objects.filter(stage="waived", claim_by__lt=house_day(now))
    return late.select_related("paper", "customer").order_by("claim_by", "pk")


def house_day(now: datetime) -> date:
    """The day it is for the house, whoever asks."""
    return timezone.localtime(now, timezone.get_default_timezone()).date()


def digest_of_code(number: str, code: str) -> str:
    """The keyed hash that is kept of a code, however its letters are typed."""
    plain = re.sub(r"[^A-Z0-9]", "", code.upper())
    return salted_hmac("fairroam.waiver", f"{number}:{plain}", algorithm="sha256").hexdigest()


def waiver_by_code(number: str, code: str) -> Waiver | None:
    """The waiver with that number, if this is its code."""
    paper = papers.find_by_number(number)
    waiver = Waiver.objects.filter(paper=paper).first() if paper is not None else None
    if paper is None or waiver is None:
        return None
    is_its_code = constant_time_compare(digest_of_code(paper.number, code), waiver.code_digest)
    return waiver if is_its_code else None


FAULTS = {
    "waiver {} is not what its parts add up to": """
        SELECT w.id FROM closures_waiver w LEFT JOIN closures_waiverpart p ON p.waiver_id = w.id
        GROUP BY w.id HAVING w.amount_minor <> coalesce(sum(p.minor), 0)""",
    "waiver {} is claimed without its money, or has some unclaimed": """
        SELECT w.id FROM closures_waiver w
        LEFT JOIN payments_latemoney l ON l.cause = 'waiver:' || w.id
        GROUP BY w.id HAVING coalesce(sum(l.amount_minor), 0)
            <> CASE WHEN w.stage = 'claimed' THEN w.amount_minor ELSE 0 END""",
    "waiver {} lapsed before its last day was over": """
        SELECT id FROM closures_waiver WHERE stage = 'lapsed' AND ended_at::date < claim_by""",
    # What is waived is a debt until it is claimed or a person ends it.
    "the book of waived money in {} does not hold what waivers say": """
        SELECT coalesce(owed.currency, held.currency) FROM (
            SELECT currency, sum(amount_minor) AS minor FROM closures_waiver
            WHERE stage = 'waived' GROUP BY 1) owed
        FULL JOIN (
            SELECT b.currency, sum(CASE WHEN t.target_id = b.id THEN t.minor ELSE -t.minor END)
                AS minor
            FROM ledger_book b JOIN ledger_transfer t ON b.id IN (t.source_id, t.target_id)
            WHERE b.kind = 'waived' GROUP BY 1) held USING (currency)
        WHERE coalesce(owed.minor, 0) <> coalesce(held.minor, 0)""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
