"""Which fields of requests are personal, and what closing an account does with them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from fairroam.apps.customers import queries as customers
from fairroam.apps.refunds.models import (
    Case,
    Declaration,
    Offer,
    Proposal,
    Quote,
    RefundRequest,
)

# Facts, amounts and decisions name nobody; tax law and possible claims want them kept.
DECLARED = ("name", "email", "contract", "reason", "answer_words")
# What was said between us and them: (table, field), each row found by its request.
SAID: tuple[tuple[type[Case | Offer | Proposal], str], ...] = (
    (Case, "question_words"),
    (Case, "added_words"),
    (Offer, "words"),
    (Offer, "counter_words"),
    (Proposal, "words"),
)
KEPT = ("refunds_decision", "refunds_refundpart", "refunds_trouble", "refunds_troublestep")


def erase(customer_id: int) -> dict[str, int]:
    """Erase what was written, theirs and ours; how many values were erased, per field."""
    requests = RefundRequest.objects.filter(customer_id=customer_id)
    # The address is how they are found: all ids first, then field by field.
    declared = list(declarations_of(customer_id).values_list("pk", flat=True))
    declarations = Declaration.objects.filter(pk__in=declared)
    quotes = Quote.objects.filter(customer_id=customer_id)
    return (
        {
            "refunds_quote.words": quotes.exclude(words="").update(words=""),
            "refunds_refundrequest.words": requests.exclude(words="").update(words=""),
            "refunds_refundrequest.answer_words": requests.exclude(answer_words="").update(
                answer_words=""
            ),
        }
        | {
            f"refunds_declaration.{field}": declarations.exclude(**{field: ""}).update(
                **{field: ""}
            )
            for field in DECLARED
        }
        | {
            f"{table._meta.db_table}.{field}": said(table, field, customer_id).update(**{field: ""})
            for table, field in SAID
        }
    )


def said(
    table: type[Case | Offer | Proposal], field: str, customer_id: int
) -> QuerySet[Case | Offer | Proposal]:
    """The rows in which that field holds words still."""
    theirs = table._default_manager.filter(request__customer_id=customer_id)
    return theirs.exclude(**{field: ""})


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    written = RefundRequest.objects.filter(customer_id=customer_id)
    quoted = Quote.objects.filter(customer_id=customer_id).exclude(words="")
    declared = declarations_of(customer_id)
    return (
        written.filter(~Q(words="") | ~Q(answer_words="")).count()
        + quoted.count()
        + sum(declared.exclude(**{field: ""}).count() for field in DECLARED)
        + sum(said(table, field, customer_id).count() for table, field in SAID)
    )


def declarations_of(customer_id: int) -> QuerySet[Declaration]:
    """What was declared of their orders, or with their address."""
    theirs = Q(order__customer_id=customer_id)
    address = customers.address_of(customer_id)
    if address is not None:
        theirs |= Q(email__iexact=address)
    return Declaration.objects.filter(theirs)
