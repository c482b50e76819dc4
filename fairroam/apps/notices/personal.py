"""What we wrote to people. That a message of some kind was sent, and when, stays."""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import KEY, PROOF, STEP, Table
from fairroam.apps.notices.models import MailStop


def _notices_of(customer_id: int) -> Q:
    """Their messages, and those to their address from before we knew whose it was."""
    theirs = Q(customer_id=customer_id)
    address = customers.address_of(customer_id)
    if address is not None:
        theirs |= Q(customer_id__isnull=True, address__iexact=address)
    return theirs


TABLES = (
    Table(
        name="notices_notice",
        about="messages",
        whose=_notices_of,
        why=PROOF,
        kept="id kind language paper_id queued_at sent_at bounced_at read_at",
        erased="address subject text reason",
        ours={KEY: "key act customer_id is_live reply_to", STEP: "is_by_person stage attempts"},
    ),
    Table(
        name="notices_mailstop",
        about="messages",
        whose="customer_id",
        deleted="topic since",
        ours={KEY: "id customer_id"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written and where it went; how many values were erased, per column."""
    stopped, _ = MailStop.objects.filter(customer_id=customer_id).delete()
    return personal.erase(TABLES, customer_id) | {"notices_mailstop.topic": stopped}


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    stopped = MailStop.objects.filter(customer_id=customer_id).count()
    return personal.remains(TABLES, customer_id) + stopped
