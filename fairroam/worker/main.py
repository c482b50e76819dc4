"""`fairroam worker`: run jobs until told to stop."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector


def run(*, wait: bool) -> None:
    """Run the queue's jobs: for ever, or (wait=False) until none is due."""
    from fairroam.worker import jobs, schedule

    assert jobs.registered()
    assert schedule.reap is not None
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as worker:
        worker.run_worker(
            wait=wait,
            concurrency=4,
            fetch_job_polling_interval=1,
            shutdown_graceful_timeout=20,
            delete_jobs="successful",
            install_signal_handlers=wait,
        )


def main(arguments: list[str]) -> int:
    """Run until SIGTERM, which lets running jobs finish."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    run(wait=True)
    return 0
