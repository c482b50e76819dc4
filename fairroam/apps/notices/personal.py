"""What we wrote to people. That a message of some kind was sent, and when, stays."""

from __future__ import annotations

from django.db.models import Model, Q

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import KEY, PROOF, SECRET, STEP, Table
from fairroam.apps.notices.models import MailStop, Notice, PushDevice, PushStop


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
    Table(
        name="notices_pushstop",
        about="messages",
        whose="customer_id",
        deleted="topic since",
        ours={KEY: "id customer_id"},
    ),
    Table(
        name="notices_pushdevice",
        about="messages",
        whose="customer_id",
        deleted="session_key endpoint public_key secret made_at",
        withheld={SECRET: "session_key endpoint public_key secret"},
        ours={KEY: "id customer_id"},
    ),
)
WHOLE_ROWS: dict[str, type[Model]] = {
    "notices_mailstop.topic": MailStop,
    "notices_pushstop.topic": PushStop,
    "notices_pushdevice.endpoint": PushDevice,
}


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written and where it went; how many values were erased, per column.

    Also their address where a mail to somebody without an account names it.
    """
    address, others = customers.address_of(customer_id), Notice.objects.filter(customer=None)
    deleted = {
        column: model._default_manager.filter(customer_id=customer_id).delete()[0]
        for column, model in WHOLE_ROWS.items()
    }
    erased = personal.erase(TABLES, customer_id) | deleted
    if address is not None:
        erased["others' mails"] = personal.hide(address, (others, "subject"), (others, "text"))
    return erased


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    rows = (model._default_manager.filter(customer_id=customer_id) for model in WHOLE_ROWS.values())
    return personal.remains(TABLES, customer_id) + sum(found.count() for found in rows)
