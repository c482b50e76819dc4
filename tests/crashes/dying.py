"""A process that dies as by `kill -9` at an event of the journal, just before or after its commit.

With KILLED_DATABASE in its environment, the server of that process id dies instead of it.

`python -m tests.crashes.dying EVENT before|after worker`, or `ask LINE KEY`, `leave CUSTOMER KEY`
for what a customer asks for. EVENT may name the step of a closing: `closure.step_done/erase`. The
program is as it always is: Django itself lets us watch its statements.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django


def die() -> None:
    if (server := os.environ.get("KILLED_DATABASE")) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        from django.db import connection

        os.kill(int(server), signal.SIGKILL)
        # Its children follow it by themselves; this one at once, before it hears of a commit.
        os.kill(connection.connection.info.backend_pid, signal.SIGKILL)


def watch(kind: str, when: str) -> None:
    """Die in the transaction that tells of `kind`: before its commit, or right after it."""
    from django.db import transaction
    from django.db.backends.signals import connection_created

    name, _, step = kind.partition("/")

    def tells(values: Any) -> bool:
        facts = [value.obj for value in values if hasattr(value, "obj")]
        return name in values and (not step or any(fact.get("step") == step for fact in facts))

    def look(execute: Callable[..., Any], sql: Any, values: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, values, many, context)
        if 'INSERT INTO "journal_event"' in str(sql) and tells(values or ()):
            transaction.on_commit(die) if when == "after" else die()
        return answer

    connection_created.connect(
        lambda connection, **_: connection.execute_wrappers.append(look), weak=False
    )


def ask(order_line_id: int, key: UUID) -> None:
    """What the page of refunds does with its form."""
    from fairroam.apps.orders.models import OrderLine
    from fairroam.apps.refunds import operations as refunds
    from fairroam.clock import now

    customer_id = OrderLine.objects.get(pk=order_line_id).order.customer_id
    refunds.request_refund(
        order_line_id=order_line_id,
        customer_id=customer_id,
        key=key,
        asked_minor=None,
        words="",
        wish_minor=None,
        declared_at=now(),
        now=now(),
        actor=f"customer:{customer_id}",
    )


def leave(customer_id: int, key: UUID) -> None:
    """What the page of leaving does with its form, right after a proof."""
    from fairroam.apps.closures import operations as closures
    from fairroam.apps.customers.queries import Proof
    from fairroam.clock import now

    closures.request_closure(
        customer_id=customer_id,
        key=key,
        wish=closures.Wish(),
        proof=Proof("passkey", now()),
        now=now(),
        actor=f"customer:{customer_id}",
    )


def main(kind: str, when: str, what: str, *more: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fairroam.project.settings")
    django.setup()
    watch(kind, when)
    if what == "ask":
        ask(int(more[0]), UUID(more[1]))
    elif what == "leave":
        leave(int(more[0]), UUID(more[1]))
    else:
        from fairroam.worker import main as worker

        worker.run(wait=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
