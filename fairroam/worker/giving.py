"""Carry out the refund run of an incident: batches over two processes, resumed after any death."""

from __future__ import annotations

import gc
import logging
import time
from multiprocessing import get_context, parent_process

from django.db import OperationalError, connections

from fairroam.clock import now

log = logging.getLogger(__name__)

PROCESSES = 2
BATCH_LINES = 500  # what one transaction holds at most: others wait for it about a second
BATCHES_MIN = 8  # a run that both processes share is cut into no fewer
ALONE_LINES = 250  # so few are not worth a process
TRIES_MAX = 20  # somebody else may hold a lock of a batch: it is tried again
PAUSE_SECONDS = 0.5


class GivingFailed(RuntimeError):
    """A process of a run ended with an error, which its log tells; the job is asked again."""


def give_to_everyone(run_id: int) -> None:
    """Do what is left of a run until it is finished or stopped. Safe to repeat, also at once."""
    from fairroam.apps.refunds.operations import everyone
    from fairroam.apps.refunds.queries.everyone import lines_to_do

    everyone.make_ready(run_id, now=now())
    left = lines_to_do(run_id)
    if left <= ALONE_LINES:
        work_off(run_id, ALONE_LINES)
    else:
        spread(run_id, min(BATCH_LINES, left // BATCHES_MIN))
    everyone.finish(run_id=run_id, now=now())


def spread(run_id: int, most: int) -> None:
    """Work on a run in processes of their own, and wait for them."""
    connections.close_all()  # a child must not inherit it
    context = get_context("spawn")
    children = [context.Process(target=begin, args=(run_id, most)) for _ in range(PROCESSES)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise GivingFailed(f"run {run_id}: {[child.exitcode for child in children]}")


def begin(run_id: int, most: int) -> None:
    """What a child does: get ready once, then take batches."""
    import django

    django.setup()
    from fairroam.rules import load_tables

    load_tables()
    gc.freeze()
    work_off(run_id, most)


def work_off(run_id: int, most: int) -> None:
    """Take one batch after the other until none is left, or whoever began this is gone."""
    while one_batch(run_id, most):
        parent = parent_process()
        if parent is not None and not parent.is_alive():
            return


def one_batch(run_id: int, most: int) -> int:
    """Do one batch, and try again while somebody else holds a lock of it."""
    from fairroam.apps.refunds.operations import everyone

    for _ in range(TRIES_MAX):
        try:
            return everyone.give_batch(run_id=run_id, most=most, now=now())
        except OperationalError:
            log.warning("a batch of run %s is tried again", run_id, exc_info=True)
            time.sleep(PAUSE_SECONDS)
    raise GivingFailed(f"run {run_id}: its locks are never free")
