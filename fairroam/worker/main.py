"""`fairroam worker`: run jobs until told to stop."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from django.db import close_old_connections
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.middleware import AsyncCallNext, SyncCallNext

log = logging.getLogger(__name__)


def with_sound_connection(call_next: SyncCallNext, *_: object) -> Any:
    """Drop a connection that broke or grew old, as the web does around each request."""
    close_old_connections()
    try:
        return call_next()
    finally:
        close_old_connections()


async def with_told_failure(call_next: AsyncCallNext, context: JobContext, *_: object) -> Any:
    """Leave a line in the log for each job that failed, whether it is asked again or not.

    It says which job, the class of the error and where in our code it came up. What the error
    itself says stays out: a database quotes the values of its rows there.
    """
    try:
        return await call_next()
    except Exception as error:
        job, kind = context.job, type(error)
        log.error(
            "job %s (%s) failed, attempt %s: %s.%s at %s",
            job.task_name,
            job.id,
            job.attempts + 1,
            kind.__module__,
            kind.__qualname__,
            place_of(error.__traceback__),
        )
        raise


def place_of(trace: TracebackType | None) -> str:
    """The innermost line of ours: "fairroam.apps.wallet.queries:42"; "?" for none."""
    place = "?"
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.startswith("fairroam.") and module != __name__:
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def is_no_quoted_error(record: logging.LogRecord) -> bool:
    """Whether the queue's line may be kept: of a failed job it quotes the error, values and all."""
    return getattr(record, "action", "") not in ("job_error", "job_error_retry")


def run(*, wait: bool) -> None:
    """Run the queue's jobs: for ever, or (wait=False) until none is due."""
    from fairroam.worker import jobs, schedule

    assert jobs.registered()
    assert schedule.reap is not None
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    logging.getLogger("procrastinate.worker").addFilter(is_no_quoted_error)  # once, if repeated
    # An app of its own fetches the jobs: what they queue goes through Django's connection all the
    # same, and so stays or falls with their transaction.
    app.with_connector(connector.get_worker_connector()).run_worker(
        wait=wait,
        concurrency=4,
        fetch_job_polling_interval=1,
        shutdown_graceful_timeout=20,
        delete_jobs="successful",
        install_signal_handlers=wait,
        task_middleware=[with_sound_connection],
        worker_middleware=[with_told_failure],
    )


def main(arguments: list[str]) -> int:
    """Run until SIGTERM, which lets running jobs finish."""
    run(wait=True)
    return 0
