"""What is kept of requests for money back. What was written goes, theirs and ours.

Facts, amounts and decisions name nobody; tax law and possible claims want them kept.
"""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import (
    BOOKS,
    DECISIONS,
    GUARD,
    KEY,
    PROGRAM,
    RULE,
    STAFF,
    STEP,
    USAGE,
    Table,
)
from fairroam.apps.refunds.models import Declaration


def _declarations_of(customer_id: int) -> Q:
    """What was declared of their orders, or with their address."""
    theirs = Q(order__customer_id=customer_id)
    address = customers.address_of(customer_id)
    if address is not None:
        theirs |= Q(email__iexact=address)
    return theirs


TABLES = (
    Table(
        name="refunds_quote",
        about="refunds",
        whose="customer_id",
        why=DECISIONS,
        kept="id order_line_id asked_minor wish wish_minor destination agreed_words facts result"
        " made_at expires_at",
        erased="words",
        ours={KEY: "key customer_id facts_sha256", RULE: "packs"},
    ),
    Table(
        name="refunds_refundrequest",
        about="refunds",
        whose="customer_id",
        why=DECISIONS,
        kept="id order_line_id stage declared_at received_at asked_minor cause wish wish_minor"
        " destination quote_id follows_id decision_paper_id credit_note_id thread_id ended_at",
        erased="words answer_words",
        ours={KEY: "key customer_id is_live"},
    ),
    Table(
        name="refunds_declaration",
        about="refunds",
        whose=_declarations_of,
        why=DECISIONS,
        kept="number kind stage ends residence language declared_at order_id settled_at",
        erased="name email contract reason answer_words",
        ours={KEY: "id key", STAFF: "settled_by"},
    ),
    Table(
        name="refunds_decision",
        about="refunds",
        whose="request__customer_id",
        why=DECISIONS,
        kept="id number request_id supersedes_id facts result currency due_minor goodwill_minor"
        " decided_at",
        ours={RULE: "packs", STAFF: "decided_by confirmed_by", PROGRAM: "recorded_at"},
    ),
    Table(
        name="refunds_refundpart",
        about="refunds",
        whose="request__customer_id",
        why=BOOKS,
        kept="request_id decision_id tender_id amount_minor payout_id arrived_at",
        ours={KEY: "id", STEP: "is_held"},
    ),
    Table(
        name="refunds_case",
        about="refunds",
        whose="request__customer_id",
        why=DECISIONS,
        kept="request_id first_answered_at missing appealed_at doubts",
        erased="question_words added_words",
        withheld={GUARD: "doubts"},
        ours={STEP: "clock_from paused_at paused_seconds urgency", STAFF: "assigned_to_id"},
    ),
    Table(
        name="refunds_flag",
        about="refunds",
        whose="request__customer_id",
        why=DECISIONS,
        kept="request_id code facts raised_at",
        withheld={GUARD: "code facts"},
        ours={KEY: "id"},
    ),
    Table(
        name="refunds_offer",
        about="refunds",
        whose="request__customer_id",
        why=DECISIONS,
        kept="id request_id kind quantity due_minor stage counter_minor made_at expires_at ended_at"
        " decision_id",
        erased="words counter_words",
        ours={STAFF: "made_by confirmed_by"},
    ),
    Table(
        name="refunds_proposal",
        about="refunds",
        whose="request__customer_id",
        why=DECISIONS,
        kept="request_id act content amount_minor stage proposed_at ended_at",
        erased="words",
        withheld={GUARD: "act content amount_minor stage words"},
        ours={KEY: "id", STAFF: "proposed_by ended_by"},
    ),
    Table(
        name="refunds_escalation",
        ours={STEP: "id request_id clock level due_at told_at", STAFF: "seen_by seen_at"},
    ),
    Table(
        name="refunds_refundrun",
        ours={
            PROGRAM: "id key incident_id incident_version is_live stage declared_at digest"
            " previewed_at confirmed_at ended_at",
            STAFF: "made_by_id confirmed_by_id",
        },
    ),
    Table(
        name="refunds_refundrunline",
        about="refunds",
        whose="customer_id",
        why=DECISIONS,
        kept="run_id order_line_id finding currency due_minor outcome refund_id",
        ours={KEY: "id customer_id", STEP: "held_minor"},
    ),
    Table(
        name="refunds_exhibit",
        about="refunds",
        whose="order_line__order__customer_id",
        why=DECISIONS,
        kept="evidence_id order_line_id",
        ours={KEY: "id"},
    ),
    Table(
        name="refunds_trouble",
        about="lines",
        whose="order_line__order__customer_id",
        why=USAGE,
        kept="id order_line_id cause opened_at restored_at network",
    ),
    Table(
        name="refunds_troublestep",
        about="lines",
        whose="trouble__order_line__order__customer_id",
        why=USAGE,
        kept="trouble_id kind done_at has_helped network",
        ours={KEY: "id"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Erase what was written, theirs and ours; how many values were erased, per column.

    Also their address wherever somebody else named it at a public door.
    """
    address, declared = customers.address_of(customer_id), Declaration.objects.all()
    erased = personal.erase(TABLES, customer_id)
    if address is not None:
        columns = ("name", "contract", "reason")
        erased["others' declarations"] = personal.hide(address, *((declared, c) for c in columns))
    return erased


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return personal.remains(TABLES, customer_id)
