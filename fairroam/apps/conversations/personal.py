"""What is personal in conversations: what was written, and who wrote without an account.

That somebody wrote, when, through which door, and how long we took stays; it names nobody.
"""

from __future__ import annotations

import re

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from fairroam.apps.conversations.models import Message, Thread
from fairroam.apps.customers import queries as customers

FIELDS = ("subject", "address", "rating_words")


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written by and to them; how many values were erased, per field.

    Also what came from their address before anybody knew whose it is, and their address wherever
    somebody without an account named it.
    """
    threads, messages = _threads_of(customer_id), _messages_of(customer_id)
    erased = {
        "conversations_message.words": messages.exclude(words="").update(words=""),
        "others' words": _hide_address(customer_id),
    }
    for field in FIELDS:
        erased[f"conversations_thread.{field}"] = threads.exclude(**{field: ""}).update(
            **{field: ""}
        )
    return erased


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    threads, messages = _threads_of(customer_id), _messages_of(customer_id)
    written = sum(threads.exclude(**{field: ""}).count() for field in FIELDS)
    return written + messages.exclude(words="").count()


def _owner(customer_id: int, address: str, customer: str) -> Q:
    theirs = Q(**{f"{customer}_id": customer_id})
    known = customers.address_of(customer_id)
    if known is not None:
        theirs |= Q(**{f"{customer}__isnull": True, f"{address}__iexact": known})
    return theirs


def _threads_of(customer_id: int) -> QuerySet[Thread]:
    return Thread.objects.filter(_owner(customer_id, "address", "customer"))


def _messages_of(customer_id: int) -> QuerySet[Message]:
    found = Message.objects.filter(
        _owner(customer_id, "thread__address", "thread__customer")
    ).values("pk")
    return Message.objects.filter(pk__in=found)


def _hide_address(customer_id: int) -> int:
    """Take the customer's address out of what visitors wrote; how many texts named it."""
    address = customers.address_of(customer_id)
    if address is None:
        return 0
    hidden = 0
    for rows, field in (
        (Message.objects.filter(customer__isnull=True), "words"),
        (Thread.objects.filter(customer__isnull=True), "subject"),
        (Thread.objects.filter(customer__isnull=True), "rating_words"),
    ):
        named = rows.filter(**{f"{field}__icontains": address})
        hidden += named.update(
            **{
                field: Func(
                    F(field),
                    Value(re.escape(address)),
                    Value("…"),
                    Value("gi"),
                    function="regexp_replace",
                    output_field=TextField(),
                )
            }
        )
    return hidden
