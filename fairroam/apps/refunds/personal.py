"""Which fields of requests are personal, and what closing an account does with them."""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.refunds.models import RefundRequest

# Facts, amounts and decisions name nobody; tax law and possible claims want them kept.
KEPT = ("refunds_decision", "refunds_refundpart")


def erase(customer_id: int) -> dict[str, int]:
    """Erase what was written, theirs and ours; how many values were erased, per field."""
    requests = RefundRequest.objects.filter(customer_id=customer_id)
    return {
        "refunds_refundrequest.words": requests.exclude(words="").update(words=""),
        "refunds_refundrequest.answer_words": requests.exclude(answer_words="").update(
            answer_words=""
        ),
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    written = RefundRequest.objects.filter(customer_id=customer_id)
    return written.filter(~Q(words="") | ~Q(answer_words="")).count()
