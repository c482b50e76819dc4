"""`fairroam worker`: run jobs until told to stop."""

from __future__ import annotations

import logging
from typing import Any

from django.db import close_old_connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.middleware import SyncCallNext


def with_sound_connection(call_next: SyncCallNext, *_: object) -> Any:
    """Drop a connection that broke or grew old, as the web does around each request."""
    close_old_connections()
    try:
        return call_next()
    finally:
        close_old_connections()


def run(*, wait: bool) -> None:
    """Run the queue's jobs: for ever, or (wait=False) until none is due."""
    from fairroam.worker import jobs, schedule

    assert jobs.registered()
    assert schedule.reap is not None
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
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
    )


def main(arguments: list[str]) -> int:
    """Run until SIGTERM, which lets running jobs finish."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    run(wait=True)
    return 0
