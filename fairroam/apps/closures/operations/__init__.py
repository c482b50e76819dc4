"""Acts upon closings."""

from fairroam.apps.closures.operations.asking import Wish, request_closure, undo_closure
from fairroam.apps.closures.operations.mailing import (
    claim_last_mail,
    let_go_of_last_mail,
    record_last_mail,
)
from fairroam.apps.closures.operations.remembering import forget_marks
from fairroam.apps.closures.operations.reviewing import answer_review, review_closure
from fairroam.apps.closures.operations.services import (
    begin_end,
    end_service,
    line_is_off,
    undo_service_end,
)
from fairroam.apps.closures.operations.settling import (
    end_settlement_of_dispute,
    end_settlement_of_late_money,
    end_settlement_of_payout,
)
from fairroam.apps.closures.operations.stepping import rescan_all, take_next_step
from fairroam.apps.closures.operations.texting import queue_text, record_text
from fairroam.apps.closures.operations.waiving import (
    claim_waiver,
    conclude_waiver,
    last_day_of_claim,
    sign_waiver,
)

__all__ = [
    "Wish",
    "answer_review",
    "begin_end",
    "claim_last_mail",
    "claim_waiver",
    "conclude_waiver",
    "end_service",
    "end_settlement_of_dispute",
    "end_settlement_of_late_money",
    "end_settlement_of_payout",
    "forget_marks",
    "last_day_of_claim",
    "let_go_of_last_mail",
    "line_is_off",
    "queue_text",
    "record_last_mail",
    "record_text",
    "request_closure",
    "rescan_all",
    "review_closure",
    "sign_waiver",
    "take_next_step",
    "undo_closure",
    "undo_service_end",
]
