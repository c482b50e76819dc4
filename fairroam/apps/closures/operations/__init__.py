"""Acts upon closings."""

from fairroam.apps.closures.operations.asking import Time, request_closure, undo_closure
from fairroam.apps.closures.operations.mailing import (
    claim_last_mail,
    let_go_of_last_mail,
    record_last_mail,
)
from fairroam.apps.closures.operations.reviewing import answer_review, review_closure
from fairroam.apps.closures.operations.stepping import take_next_step

__all__ = [
    "Time",
    "answer_review",
    "claim_last_mail",
    "let_go_of_last_mail",
    "record_last_mail",
    "request_closure",
    "review_closure",
    "take_next_step",
    "undo_closure",
]
