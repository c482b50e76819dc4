"""What is kept of closings, and the list of everything that is kept.

What was asked, answered and refused goes; that somebody looked, when and why (codes) stays. The
sealed addresses and the salts live until the last mail has left, see `operations.mailing`.
"""

from __future__ import annotations

from fairroam.apps.catalogue import personal as catalogue
from fairroam.apps.contacts import personal as contacts
from fairroam.apps.conversations import personal as conversations
from fairroam.apps.customers import personal as customers
from fairroam.apps.esims import personal as esims
from fairroam.apps.evidence import personal as evidence
from fairroam.apps.exports import personal as exports
from fairroam.apps.incidents import personal as incidents
from fairroam.apps.journal import personal
from fairroam.apps.journal import personal as journal
from fairroam.apps.journal.personal import BOOKS, GUARD, KEY, PROOF, SECRET, STAFF, STEP, Table
from fairroam.apps.ledger import personal as ledger
from fairroam.apps.metering import personal as metering
from fairroam.apps.notices import personal as notices
from fairroam.apps.orders import personal as orders
from fairroam.apps.papers import personal as papers
from fairroam.apps.payments import personal as payments
from fairroam.apps.refunds import personal as refunds
from fairroam.apps.suppliers import personal as suppliers
from fairroam.apps.wallet import personal as wallet

TABLES = (
    Table(
        name="closures_closure",
        about="leaving",
        whose="customer_id",
        why=PROOF,
        kept="id stage checklist timing requested_at due_at trip_ends_on claimed_at held_by doubts"
        " review_by reviewed_at closed_at certificate_id language"
        " sealed_address salts sealed_phone payout_contact",
        erased="question_words answer_words reject_words",
        withheld={
            GUARD: "doubts",
            SECRET: "sealed_address salts sealed_phone payout_contact",
        },
        ours={KEY: "key customer_id", STAFF: "reviewed_by"},
    ),
    Table(
        name="closures_closurestep",
        about="leaving",
        whose="closure__customer_id",
        why=PROOF,
        kept="closure_id name started_at done_at",
        ours={KEY: "id", STEP: "proof"},
    ),
    Table(
        name="closures_settlement",
        about="leaving",
        whose="closure__customer_id",
        why=PROOF,
        kept="closure_id dispute_id payout_id currency amount_minor handed_over_at ended_at",
        ours={KEY: "id"},
    ),
    Table(
        name="closures_waiver",
        about="leaving",
        whose="customer_id",
        why=BOOKS,
        kept="id paper_id currency amount_minor signed_at claim_by stage ended_at words"
        " code_digest",
        withheld={GUARD: "words", SECRET: "code_digest"},
        ours={KEY: "customer_id", STAFF: "ended_by"},
    ),
    Table(
        name="closures_waiverpart",
        about="leaving",
        whose="waiver__customer_id",
        why=BOOKS,
        kept="waiver_id payment_id minor",
        ours={KEY: "id"},
    ),
    Table(
        name="closures_closingtext",
        about="leaving",
        whose="closure__customer_id",
        why=PROOF,
        kept="closure_id kind stage queued_at ended_at",
        ours={KEY: "id key"},
    ),
    Table(
        name="closures_serviceend",
        about="leaving",
        whose="customer_id",
        why=PROOF,
        kept="id order_line_id stage asked_at due_at started_at ended_at",
        ours={KEY: "key customer_id", STAFF: "asked_by"},
    ),
    # A keyed hash of an address that has left, to tell its owner so; no customer hangs on it.
    Table(name="closures_closedmark", ours={GUARD: "id digest closed_at keep_until"}),
)
# Every table of the database, ours and of the libraries that we use.
EVERYTHING = (
    *journal.TABLES,
    *customers.TABLES,
    *contacts.TABLES,
    *catalogue.TABLES,
    *papers.TABLES,
    *notices.TABLES,
    *ledger.TABLES,
    *payments.TABLES,
    *wallet.TABLES,
    *evidence.TABLES,
    *conversations.TABLES,
    *orders.TABLES,
    *esims.TABLES,
    *metering.TABLES,
    *suppliers.TABLES,
    *incidents.TABLES,
    *refunds.TABLES,
    *exports.TABLES,
    *TABLES,
)


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written; how many values were erased, per column."""
    return personal.erase(TABLES, customer_id)


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return personal.remains(TABLES, customer_id)
