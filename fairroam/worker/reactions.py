"""Who reacts to what: event kind -> names of jobs in `jobs.py`. Read it as the story's index."""

REACTIONS: dict[str, list[str]] = {
    # buying
    "customer.opened": [],
    "order.placed": [],
    "payment.prepared": ["start_payment"],
    "payment.started": [],
    "payment.late": [],
    "order.paid": ["plan_lines", "confirm_order"],
    "order.delivered": [],
    "order.failed": ["tell_given_up"],
    # the eSIM and its use
    "profile.planned": ["provision"],
    "profile.fact": [],
    "profile.failed": ["give_up_line"],
    "line.ready": ["record_delivery", "tell_ready"],
    "plan.started": [],
    "plan.ended": [],
    "usage.low": [],
    "usage.used_up": [],
    # money back
    "refund.requested": ["tell_refund"],
    "line.taken_off": ["take_off_line"],
    "line.off": ["decide_refund", "continue_closing"],
    "line.stuck": ["tell_network_is_silent"],
    "refund.decided": [],
    "refund.looked_at_again": [],
    "refund.approved": ["tell_refund"],
    "refund.declined": ["tell_refund"],
    "refund.withdrawn": [],
    "refund.paid": ["tell_refund", "continue_closing"],
    "refund.stalled": ["tell_refund"],
    "refund.retried": [],
    "payout.sent_again": [],
    "payout.planned": ["send_payout"],
    "payout.pending": [],
    "payout.requires_action": ["record_failed_payout"],
    "payout.succeeded": ["record_arrival", "continue_closing"],
    "payout.failed": ["record_failed_payout"],
    "payout.returned": ["record_failed_payout"],
    # leaving
    "closure.requested": ["take_closing_step"],
    "closure.step_done": ["take_closing_step"],
    "closure.certified": [],
    # papers
    "signing_key.made": [],
    "signing_key.revoked": [],
    # messages
    "notice.queued": ["deliver_notice"],
    "notice.sent": ["record_contract_notice"],
    "notice.failed": [],
}
