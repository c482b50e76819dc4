"""Which fields of closings are personal, and what closing an account does with them.

What was asked, answered and refused goes; that somebody looked, when and why (codes) stays. The
sealed address and the salts live until the last mail has left, see `operations.mailing`.
"""

from __future__ import annotations

from fairroam.apps.closures.models import Closure

FIELDS = ("question_words", "answer_words", "reject_words")


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written; how many values were erased, per field."""
    theirs = Closure.objects.filter(customer_id=customer_id)
    return {
        f"closures_closure.{field}": theirs.exclude(**{field: ""}).update(**{field: ""})
        for field in FIELDS
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    theirs = Closure.objects.filter(customer_id=customer_id)
    return sum(theirs.exclude(**{field: ""}).count() for field in FIELDS)
