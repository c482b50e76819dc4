"""Ask the network for what its notices may not have brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from fairroam.apps.customers import queries as customers
from fairroam.apps.esims.tasks import line_gateway
from fairroam.apps.metering import operations, queries
from fairroam.apps.metering.models import UsageFilePart, UsageImport
from fairroam.apps.notices import operations as notices
from fairroam.apps.orders import queries as orders
from fairroam.points import reached
from fairroam.rules.languages import words_for
from fairroam.rules.polling import Watched, next_ask

SOURCE = "sandbox"  # the network behind `line_gateway`, as its notices name it
PAGES_MAX = 100  # a job stays short; the next one goes on


def collect_usage(*, now: datetime) -> int:
    """Read on where we stopped; returns how many records were new. Run it now and then.

    Raises GatewayUnreachable: the next run begins at the same place.
    """
    gateway = line_gateway()
    counted = 0
    for _ in range(PAGES_MAX):
        page = gateway.list_usage(since=queries.cursor_of(SOURCE))
        counted += operations.record_page(source=SOURCE, page=page, now=now).counted
        if page.is_empty:
            break
    return counted


def tell_usage(*, kind: str, order_line_id: int, granted: int, now: datetime) -> None:
    """Say that the data of a plan runs low, or is used up: once per plan, mark and size of it.

    kind: "usage.low" or "usage.used_up". granted: its bytes then, since some may be given later.
    """
    terms = orders.terms_of(order_line_id)
    language = customers.customer(terms.customer_id).language
    told = [one for one in queries.usage_of(order_line_id).allowances if one.kind == "data"]
    left = sum(max(0, one.granted - one.used) for one in told if one.granted is not None)
    if kind == "usage.low" and not left:
        return  # It ran out meanwhile, and that is told by itself.
    notices.send(
        kind=f"metering.{kind.partition('.')[2]}",  # metering.low, metering.used_up
        act=f"metering.{kind}:{order_line_id}/{granted}",
        customer_id=terms.customer_id,
        context={
            "plan": words_for(terms.plan_copy["names"], language),
            "left": left,
            "line_url": f"{settings.FAIRROAM_ADDRESS}/account/lines/{order_line_id}/",
        },
        now=now,
    )


def is_usage_due(*, now: datetime) -> bool:
    """Whether to ask the network again: the sooner, the nearer any line is to a limit or an end.

    One call brings what all lines used, so that it costs no more for many.
    """
    asked_at = queries.read_at(SOURCE)
    lines = [Watched(), *queries.watched_lines(now).values()]
    return any((next_ask(one, asked_at) or now) <= now for one in lines)


# Files of records -------------------------------------------------------------------------------


class ReceivedFile:
    """The bytes of a file that was sent to the desk."""

    def __init__(self, import_id: int) -> None:
        parts = UsageFilePart.objects.filter(usage_import_id=import_id).order_by("begins_at_byte")
        self._bytes = b"".join(bytes(part.content) for part in parts)

    def read(self, at: int, size: int) -> bytes:
        return self._bytes[at : at + size]


def import_received(*, import_id: int, now: datetime) -> None:
    """Count a file that was sent to the desk, from where an earlier run stopped."""
    if UsageImport.objects.get(pk=import_id).finished_at is None:
        count_chunks(import_id=import_id, content=ReceivedFile(import_id), now=now)


def count_chunks(
    *,
    import_id: int,
    content: operations.Content,
    now: datetime,
    chunk_bytes: int = operations.CHUNK_BYTES,
    tell: Callable[[UsageImport], None] = lambda so_far: None,
) -> None:
    """Count what is left of a file, chunk by chunk; `tell` hears how far it is after each."""
    for chunk in operations.read_chunks(import_id, content, chunk_bytes=chunk_bytes):
        reached("import.read")
        operations.count_chunk(import_id, chunk, now=now)
        reached("import.committed")
        tell(UsageImport.objects.get(pk=import_id))
