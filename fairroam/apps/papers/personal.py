"""Papers name nobody but by the customer's number; tax law wants them kept."""

from __future__ import annotations

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import BOOKS, KEY, PROGRAM, SHOP, STAFF, Table
from fairroam.apps.papers.models import FakeReport

TABLES = (
    Table(
        name="papers_paper",
        about="papers",
        whose="customer_id",
        why=BOOKS,
        kept="id kind number language statement signed refers_to_id issued_at",
        ours={KEY: "customer_id"},
    ),
    Table(name="papers_signingkey", ours={PROGRAM: "id kid public_jwk made_at revoked_from"}),
    Table(name="papers_numberseries", ours={PROGRAM: "id kind year last"}),
    Table(name="papers_logo", ours={SHOP: "id sha256 content"}),
    Table(name="papers_channel", ours={SHOP: "id kind address since until"}),
    # What somebody took for a fake of ours, reported without a name.
    Table(
        name="papers_fakereport",
        ours={SHOP: "id what words stage reported_at settled_at", STAFF: "settled_by"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Take the customer's address out of what strangers reported; how many reports named it."""
    address, reports = customers.address_of(customer_id), FakeReport.objects.all()
    if address is None:
        return {}
    return {"strangers' reports": personal.hide(address, (reports, "what"), (reports, "words"))}


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return personal.remains(TABLES, customer_id)
