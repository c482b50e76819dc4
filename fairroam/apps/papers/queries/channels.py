"""Reads of our true channels: is this address really ours?"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.papers.models import Channel, FakeReport


class Origin(StrEnum):
    """Whose an address is."""

    OURS = "ours"
    FAKE = "fake"  # a person of ours has seen that it imitates us
    NOT_OURS = "not_ours"


def channels() -> list[Channel]:
    """Every true channel: our own address and mail by setting, then what operators listed."""
    brand = catalogue.brand()
    first = [Channel(kind="web", address=settings.FAIRROAM_ADDRESS)]
    mails = dict.fromkeys([sender(), brand.email])
    first += [Channel(kind="mail", address=address) for address in mails if address]
    return [*first, *Channel.objects.filter(until__isnull=True).order_by("kind", "address")]


def sender() -> str:
    """The address that our mails come from."""
    return settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].strip("<> ")


def origin_of(text: str) -> Origin:
    """Whether what somebody saw (an address, a number, a link) is ours.

    A page below an address of ours is ours; another host is not, however alike it looks.
    """
    wanted = plain(text)
    if any(is_within(wanted, plain(one.address)) for one in channels()):
        return Origin.OURS
    fakes = FakeReport.objects.filter(stage="confirmed").values_list("what", flat=True)
    if any(wanted == plain(fake) for fake in fakes):
        return Origin.FAKE
    return Origin.NOT_OURS


def is_within(wanted: str, listed: str) -> bool:
    """Whether it is that channel itself, or a page below it."""
    return bool(listed) and (wanted == listed or wanted.startswith(listed + "/"))


def plain(text: str) -> str:
    """An address, number or link in one way of writing it."""
    text = text.strip().casefold().removeprefix("mailto:")
    if re.fullmatch(r"[+(]?[\d\s()./-]{5,}", text):
        return re.sub(r"\D", "", text)
    if "@" in text and "/" not in text:
        return text
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return text  # no address at all
    if parts.username is not None:
        return text  # our name before an @ is somebody else's host behind it
    return f"{parts.netloc.removeprefix('www.')}{parts.path}".rstrip("/")


def waiting_reports() -> QuerySet[FakeReport]:
    """What was reported and nobody has looked at, oldest first."""
    return FakeReport.objects.filter(stage="reported").order_by("pk")


def known_fakes() -> list[FakeReport]:
    """What a person found to imitate us, newest first."""
    return list(FakeReport.objects.filter(stage="confirmed").order_by("-settled_at")[:100])
