"""What our messages are about, in words that name nobody."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# By the room that wrote it: the first part of a notice's kind.
MAILS: dict[str, str | Promise] = {
    "closures": _("the end of an account"),
    "conversations": _("a conversation with us"),
    "customers": _("the ways to sign in"),
    "esims": _("an eSIM or a number"),
    "metering": _("your data"),
    "orders": _("an order"),
    "payments": _("money on its way"),
    "refunds": _("money back"),
    "wallet": _("money kept with us"),
}

# What may be stopped by mail: the topics of `notices.queries.TOPICS`.
TOPICS: dict[str, str | Promise] = {
    "lines": _("What you did with an eSIM: paused, resumed, moved; help to get it going"),
    "numbers": _("That a number is kept, or was saved"),
    "conversations": _("That a message of yours reached us"),
}


# What is pushed to devices: the topics of `notices.queries.PUSHED`.
PUSH_TOPICS: dict[str, str | Promise] = {
    "decisions": _("Decisions, questions and offers about money back"),
    "money": _("Money on its way, arrived, or in need of you"),
    "data": _("Data that runs low or is used up"),
    "trip": _("The end of a trip"),
    "number": _("A number that must be used or may be lost"),
}


def about(kind: str) -> str | Promise:
    """What a message of that kind is about."""
    return MAILS[kind.partition(".")[0]]
