"""What happens by the clock: lost jobs are found, lost notices asked for, plans ended."""

from __future__ import annotations

import logging
from datetime import UTC, timedelta

from procrastinate.contrib.django import app

from fairroam.apps.closures import tasks as closures
from fairroam.apps.esims import operations as esim_acts
from fairroam.apps.esims import tasks as esims
from fairroam.apps.esims.tasks import numbers as number_tasks
from fairroam.apps.exports import operations as exports
from fairroam.apps.metering import operations as metering
from fairroam.apps.metering import tasks as usage
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import tasks as order_tasks
from fairroam.apps.payments import operations as payment_acts
from fairroam.apps.payments import queries as payment_queries
from fairroam.apps.payments import tasks as payments
from fairroam.apps.payments.queries.providers import asked_providers
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries as refund_queries
from fairroam.apps.suppliers import tasks as suppliers
from fairroam.clock import now
from fairroam.gateways.payments import GatewayUnreachable
from fairroam.worker import numbers, refund_clocks, trials

log = logging.getLogger(__name__)

REPORT_DAYS = (3, 2, 1)  # days ago, oldest first
STALLED_AFTER_SECONDS = 30  # three missed heartbeats: the worker is dead


@app.periodic(cron="* * * * * */15")
@app.task(name="reap", pass_context=False)
async def reap(timestamp: int) -> None:
    """Give the jobs of killed workers back to the queue. Has no lock, so that it cannot jam."""
    await give_back_lost_jobs(silent_seconds=STALLED_AFTER_SECONDS)


async def give_back_lost_jobs(*, silent_seconds: float) -> None:
    """Let the jobs run again whose worker has given no sign of life for so long."""
    lost = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_seconds)
    for job in lost:
        log.warning("job %s (%s) was left by a dead worker: run again", job.id, job.task_name)
        await app.job_manager.retry_job(job)


@app.task(name="catch_up")
def catch_up() -> None:
    """Do all of this page now: the clock of a demo was moved past some of its moments."""
    for periodic in app.periodic_registry.periodic_tasks.values():
        app.configure_task(periodic.task.name).defer(timestamp=int(now().timestamp()))


@app.periodic(cron="* * * * *")
@app.task(name="ask_about_payouts")
def ask_about_payouts(timestamp: int) -> None:
    """Payouts that were sent and not heard of since: the older, the rarer."""
    at = now()
    for payout_id in payment_queries.payouts_to_ask_about(now=at):
        try:
            payments.look_up_payout(payout_id=payout_id, now=at)
        except GatewayUnreachable:
            log.warning("the provider is silent about payout %s", payout_id)
        except Exception:  # A person sees this one in the log; the others must not wait for it.
            log.exception("payout %s cannot be asked about", payout_id)


@app.periodic(cron="* * * * *")
@app.task(name="ask_about_payments")
def ask_about_payments(timestamp: int) -> None:
    """Charges of the last month that may have been paid without our hearing of it."""
    at = now()
    for payment_id in payment_queries.payments_to_ask_about(now=at):
        try:
            order_tasks.ask_about_payment(payment_id=payment_id, now=at)
        except GatewayUnreachable:
            log.warning("the provider is silent about payment %s", payment_id)
        except Exception:  # As above.
            log.exception("payment %s cannot be asked about", payment_id)


@app.periodic(cron="20 * * * *")
@app.task(name="reconcile_reports")
def reconcile_reports(timestamp: int) -> None:
    """The reports of the last days, which providers may still correct, against the books."""
    at = now()
    for provider in asked_providers():
        for days_ago in REPORT_DAYS:
            day = at.astimezone(UTC).date() - timedelta(days=days_ago)
            try:
                payments.fetch_report(provider=provider, day=day, now=at)
            except GatewayUnreachable:
                log.warning("%s gives no report of %s", provider, day)
            except Exception:  # As above.
                log.exception("the report of %s for %s cannot be compared", provider, day)


@app.periodic(cron="10 * * * *")
@app.task(name="watch_pay_by_days")
def watch_pay_by_days(timestamp: int) -> None:
    """Money that must leave within two days, or should have."""
    for payout_id in payment_acts.raise_pay_by_alarms(now=now()):
        log.warning("payout %s has not left, and its last day is near", payout_id)


@app.periodic(cron="* * * * *")
@app.task(name="resume_lines")
def resume_lines(timestamp: int) -> None:
    """Lines that have waited for minutes: to be ready, for an act, or to be proven off."""
    esims.resume_unfinished(now=now())


@app.periodic(cron="* * * * *")
@app.task(name="resume_supplier_orders")
def resume_supplier_orders(timestamp: int) -> None:
    """eSIMs of suppliers that wait to be bought or ended, and what was used of them."""
    suppliers.resume_unfinished(now=now())
    suppliers.poll_usage(now=now())


@app.periodic(cron="* * * * *")
@app.task(name="decide_by_last_usage")
def decide_by_last_usage(timestamp: int) -> None:
    """Requests whose line is off, and whose supplier has told by now what was used before."""
    for order_line_id in refund_queries.lines_waiting_for_usage():
        try:
            refunds.usage_is_known(order_line_id=order_line_id, now=now())
        except Exception:  # As above.
            log.exception("the request for order line %s cannot be decided", order_line_id)


@app.periodic(cron="17 * * * *")
@app.task(name="forget_quotes")
def forget_quotes(timestamp: int) -> None:
    """Quotes that nobody confirmed, a day after their end."""
    refunds.forget_quotes(now=now())


@app.periodic(cron="27 * * * *")
@app.task(name="remove_exports")
def remove_exports(timestamp: int) -> None:
    """Exports whose week is over, and those whose making broke off for good."""
    exports.remove_expired(now=now())
    exports.ask_stale_again(now=now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="keep_refund_clocks")
def keep_refund_clocks(timestamp: int) -> None:
    """Offers whose time is over, customers who did not answer, deadlines that come near."""
    refund_clocks.keep_clocks(now=now())


@app.periodic(cron="*/30 * * * *")
@app.task(name="ask_suppliers_for_money")
def ask_suppliers_for_money(timestamp: int) -> None:
    """Our credit at suppliers, and what became of our claims."""
    suppliers.poll_balances(now=now())
    suppliers.reconcile_claims(now=now())


@app.periodic(cron="*/15 * * * *")
@app.task(name="notice_never_attached")
def notice_never_attached(timestamp: int) -> None:
    """eSIMs that were installed a day ago and that no network has seen."""
    esim_acts.notice_never_attached(now=now())


@app.periodic(cron="7 * * * *")
@app.task(name="keep_numbers")
def keep_numbers(timestamp: int) -> None:
    """Numbers and their clocks: warned, kept alive, let go, renewals announced."""
    numbers.record_uses(now=now())
    number_tasks.keep_numbers(now=now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="resume_numbers")
def resume_numbers(timestamp: int) -> None:
    """Numbers that wait for network or identity provider, and paid periods that can begin."""
    number_tasks.resume_numbers(now=now())
    numbers.start_periods(now=now())


@app.periodic(cron="* * * * *")
@app.task(name="collect_usage")
def collect_usage(timestamp: int) -> None:
    """Usage whose notices were lost: asked for every ten minutes, and sooner where near."""
    try:
        if usage.is_usage_due(now=now()):
            usage.collect_usage(now=now())
    except GatewayUnreachable:
        log.warning("the network is silent about usage")


@app.periodic(cron="*/5 * * * *")
@app.task(name="end_plans")
def end_plans(timestamp: int) -> None:
    """Plans whose period is over: what was paid for and never used is ours now."""
    metering.end_plans(now=now(), is_asked_back=refund_queries.is_asked_back)


@app.periodic(cron="*/10 * * * *")
@app.task(name="remind_of_trials")
def remind_of_trials(timestamp: int) -> None:
    """Free trials that end within a day."""
    trials.remind_of_trials(now=now())


@app.periodic(cron="0 * * * *")
@app.task(name="cancel_unpaid_orders")
def cancel_unpaid_orders(timestamp: int) -> None:
    """Orders that nobody paid for a day."""
    orders.cancel_unpaid(placed_before=now() - timedelta(days=1))


@app.periodic(cron="* * * * *")
@app.task(name="resume_closings")
def resume_closings(timestamp: int) -> None:
    """Closings that are not over."""
    closures.resume_closings(now=now())
