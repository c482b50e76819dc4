"""Charges, what providers say of them, and money on its way back."""

from fairroam.apps.payments.operations.alarming import raise_pay_by_alarms
from fairroam.apps.payments.operations.charging import (
    keep_late_capture,
    keep_stray,
    prepare_payment,
    record_approved,
    record_asked_about_payment,
    record_captured,
    record_started,
    refuse_second_transfer,
    send_back_capture,
)
from fairroam.apps.payments.operations.disputing import (
    hear_dispute,
    record_answered,
    record_file_given,
    take_notice,
)
from fairroam.apps.payments.operations.handing_over import hand_over
from fairroam.apps.payments.operations.hearing import (
    PAYOUT_STATUS,
    assign_event,
    conclude_event,
    dismiss_event,
    keep_event,
    quarantine,
)
from fairroam.apps.payments.operations.planning import plan_payout, send_again, way_back
from fairroam.apps.payments.operations.reconciling import (
    look_again,
    reconcile,
    settle_difference,
)
from fairroam.apps.payments.operations.sending import (
    claim_payout,
    record_asked_about_payout,
    record_payout,
    to_send,
)
from fairroam.apps.payments.operations.transferring import (
    confirm_transfer,
    keep_account,
    keep_late_money,
    mark_transfer_sent,
    name_account,
    record_transfer_returned,
    send_late_money,
)
from fairroam.apps.payments.operations.waiving import owe_waived

__all__ = [
    "PAYOUT_STATUS",
    "assign_event",
    "claim_payout",
    "conclude_event",
    "confirm_transfer",
    "dismiss_event",
    "hand_over",
    "hear_dispute",
    "keep_account",
    "keep_event",
    "keep_late_capture",
    "keep_late_money",
    "keep_stray",
    "look_again",
    "mark_transfer_sent",
    "name_account",
    "owe_waived",
    "plan_payout",
    "prepare_payment",
    "quarantine",
    "raise_pay_by_alarms",
    "reconcile",
    "record_answered",
    "record_approved",
    "record_asked_about_payment",
    "record_asked_about_payout",
    "record_captured",
    "record_file_given",
    "record_payout",
    "record_started",
    "record_transfer_returned",
    "refuse_second_transfer",
    "send_again",
    "send_back_capture",
    "send_late_money",
    "settle_difference",
    "take_notice",
    "to_send",
    "way_back",
]
