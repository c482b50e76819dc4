"""Every stage that a customer should hear of is told to them: by which mail, or why by none.

The tables of stages are walked: a new stage fails here until it says what its customer hears.
"""

from __future__ import annotations

import pytest
from django.template.loader import get_template

from fairroam.apps.closures import tasks as closures
from fairroam.apps.notices.queries import topic_of
from fairroam.apps.payments import tasks as payments
from fairroam.apps.refunds import tasks as refunds
from fairroam.project.messages import catalogues, untranslated
from fairroam.rules import stages
from fairroam.worker.reactions import REACTIONS

# Flow -> stage -> the event that its mail answers.
HEARD = {
    "refund": {
        "submitted": "refund.requested",
        "under_review": "refund.decided",
        "approved": "refund.approved",
        "declined": "refund.declined",
        "paid": "refund.paid",
        "payout_failed": "refund.stalled",
        "withdrawn": "refund.withdrawn",
        "offer_made": "refund.offered",
        "settled": "refund.settled",
        "waiting_for_customer": "refund.more_asked",
    },
    "offer": {
        "open": "refund.offered",
        "expired": "refund.offer_expired",
    },
    "payout": {
        "needs_account": "payout.needs_account",
        "pending": "payout.pending",
        "requires_action": "payout.requires_action",
        "succeeded": "refund.paid",
        "failed": "payout.failed",
        "returned": "payout.returned",
        "settled_by_chargeback": "payout.settled_by_chargeback",
    },
    "closure": {
        "requested": "closure.requested",
        "asked": "closure.asked",
        "rejected": "closure.rejected",
        "reversed": "closure.undone",
        "closing": "closure.started",
    },
}
SILENT = {
    "refund": {
        "waiting_for_network": "the mail of `submitted` says that the plan is taken off first",
        "waiting_for_usage": "a wait of ours; the page shows for what and until when",
        "handed_over": "the certificate of the closing names what is still on its way",
    },
    "offer": {
        "accepted": "the customer's act; the mail of `approved` or `settled` follows at once",
        "declined": "the customer's act; the page says what comes next",
        "countered": "the customer's act; the page says what comes next",
        "overtaken": "the mail of what overtook it says all",
    },
    "payout": {
        "planned": "the mail of the decision names each part and the last day",
        "held": "the mail of the decision names what waits for a dispute",
        "manual_payout": "the customer named the account a moment before, on a page that says so",
        "sent": "a second on the way to `pending` or `succeeded`, which are told",
        "rerouted": "the payout that takes over is told",
    },
    "closure": {
        "review": "the mail of `requested` says that a person looks, and until when",
        "closed": "the certificate follows at once, with the last mail",
        "certified": "the last mail, to the sealed address, carries the certificate",
    },
}
TABLES = {
    "refund": stages.REFUND,
    "offer": stages.OFFER,
    "payout": stages.PAYOUT,
    "closure": stages.CLOSURE,
}
MAILS = {
    **{event: mail for event, (mail, _paper) in refunds.MAILS.items()},
    **payments.MAILS,
    **closures.MAILS,
}


@pytest.mark.promise(33)
@pytest.mark.parametrize("flow", TABLES)
def test_each_stage_is_told_or_says_why_not(flow):
    assert HEARD[flow].keys() | SILENT[flow].keys() == stages.stages(TABLES[flow])
    assert not HEARD[flow].keys() & SILENT[flow].keys()
    assert all(len(why) > 20 for why in SILENT[flow].values())


@pytest.mark.promise(33)
@pytest.mark.parametrize("event", sorted({one for flow in HEARD.values() for one in flow.values()}))
def test_what_is_told_has_a_job_and_a_mail_that_no_customer_can_switch_off(event):
    assert any(job.startswith("tell_") for job in REACTIONS[event])
    assert topic_of(MAILS[event]) == ""


@pytest.mark.promise(33)
@pytest.mark.parametrize("event", sorted(MAILS))
def test_each_mail_has_its_text_and_its_event_a_job(event):
    assert get_template(MAILS[event].replace(".", "/") + ".txt")
    assert any(job.startswith("tell_") for job in REACTIONS[event])


@pytest.mark.promise(33)
def test_an_appeal_is_told_and_answered():
    assert MAILS["refund.appealed"] == "refunds.appealed"
    assert stages.next_stage(stages.REFUND, "declined", "appeal") == "under_review"


@pytest.mark.promise(33)
@pytest.mark.parametrize("room", ["refunds", "payments", "notices"])
def test_every_mail_is_written_in_each_language(room):
    lacking = [line for path in catalogues() for line in untranslated(path)]

    assert [line for line in lacking if f"apps/{room}/templates/" in line] == []
