"""Write a message and queue it; record what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers import operations as account
from fairroam.apps.customers import queries as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MovedMeanwhile
from fairroam.apps.notices import queries
from fairroam.apps.notices.models import MailStop, Notice, PushDevice, PushStop
from fairroam.apps.notices.refusals import NobodyToWriteTo, NoPushService, NothingToSendAgain
from fairroam.gateways.push import DeviceRefused
from fairroam.gateways.push.webpush import checked, public_key

REASON_MAX, SUBJECT_MAX = 200, 200
DEVICES_MAX = 10  # of one customer
# Mails to whatever address somebody typed: what their links open is over by then.
UNPROVEN, LINKS_LAST = ("orders.trial_link", "conversations.confirm"), timedelta(days=2)


def write(kind: str, context: dict[str, Any], language: str) -> tuple[str, str]:
    """The (subject, text) of a message: its noun's template, whose first line is the subject.

    A context may bring the brand along: who writes thousands asks for it once.
    """
    return cut(page(kind, context, language))


def page(kind: str, context: dict[str, Any], language: str) -> str:
    """The template of a message as it is filled in; see `write` and `cut`."""
    with translation.override(language.lower()):
        return render_to_string(
            kind.replace(".", "/") + ".txt",
            {
                **context,
                "brand": context.get("brand") or catalogue.brand(),
                "official_address": settings.FAIRROAM_ADDRESS,
                "language": language,
            },
        )


def cut(written: str) -> tuple[str, str]:
    """The (subject, text) of a page: the subject one line, and no longer than it may be."""
    first, _, text = written.strip().partition("\n")
    subject = " ".join(first.split())  # It may quote somebody: no mail has a line end there.
    if len(subject) > SUBJECT_MAX:
        subject = subject[: SUBJECT_MAX - 1] + "…"
    return subject, text.strip() + "\n"


@transaction.atomic
def send(
    *,
    kind: str,
    act: str,
    customer_id: int,
    context: dict[str, Any],
    now: datetime,
    paper_id: int | None = None,
) -> Notice | None:
    """Queue one mail for one act; the same act again changes nothing.

    kind: "refunds.decided" is the template refunds/decided.txt. None when there is nobody to
    write to any more (the account is closed).
    """
    address = customers.address_of(customer_id)
    if address is None:
        return Notice.objects.filter(act=act).first()
    return queue(
        kind=kind,
        act=act,
        address=address,
        language=customers.customer(customer_id).language,
        context=context,
        customer_id=customer_id,
        paper_id=paper_id,
        now=now,
    )


@transaction.atomic
def queue(
    *,
    kind: str,
    act: str,
    address: str,
    language: str,
    context: dict[str, Any],
    now: datetime,
    customer_id: int | None = None,
    paper_id: int | None = None,
    reply_to: str = "",
    is_by_person: bool = False,
) -> Notice:
    """Queue one mail for one act to an address that may be nobody's we know (customer_id None).

    reply_to: where an answer to it goes. is_by_person: somebody wrote it, so that machines may
    take it for a letter. A topic that the customer wants no mail about stands in the inbox alone.
    """
    known = Notice.objects.filter(act=act).first()
    if known is not None:
        return known
    subject, text = write(kind, context, language)
    is_mailed = queries.is_mailed(customer_id, kind)
    notice, is_new = Notice.objects.get_or_create(
        act=act,
        defaults={
            "kind": kind,
            "customer_id": customer_id,
            "language": language,
            "address": address,
            "subject": subject,
            "text": text,
            "paper_id": paper_id,
            "reply_to": reply_to,
            "is_by_person": is_by_person,
            "queued_at": now,
            "stage": "queued" if is_mailed else "kept",
            "is_live": True if is_mailed else None,
        },
    )
    if is_new and is_mailed:
        journal.tell(
            "notice.queued", actor="system", now=now, customer_id=customer_id, notice_id=notice.pk
        )
    if is_new and queries.is_pushed(customer_id, kind):
        journal.tell(
            "notice.pushed", actor="system", now=now, customer_id=customer_id, notice_id=notice.pk
        )
    return notice


@transaction.atomic
def record_sent(*, notice_id: int, now: datetime) -> None:
    """The mail server took it."""
    move(notice_id, stage="sent", sent_at=now)
    notice = Notice.objects.get(pk=notice_id)
    journal.tell(
        "notice.sent",
        actor="system",
        now=now,
        customer_id=notice.customer_id,
        notice_id=notice.pk,
        act=notice.act,
    )


@transaction.atomic
def record_failed(*, notice_id: int, now: datetime, reason: str = "") -> None:
    """The mail server will not take it, or we tried often enough: a person sees it.

    reason: the server's own words.
    """
    move(notice_id, stage="failed", reason=reason[:REASON_MAX])
    journal.tell("notice.failed", actor="system", now=now, notice_id=notice_id)


@transaction.atomic
def record_bounced(*, key: UUID, now: datetime, reason: str = "") -> bool:
    """A mail server told us that it could not deliver the mail after all; whether it was ours.

    reason: the server's own words.
    """
    sent = Notice.objects.filter(key=key, bounced_at__isnull=True)
    notice = sent.first()
    if notice is None or sent.update(bounced_at=now, reason=reason[:REASON_MAX]) != 1:
        return False
    journal.tell(
        "notice.bounced",
        actor="system",
        now=now,
        customer_id=notice.customer_id,
        notice_id=notice.pk,
    )
    return True


@transaction.atomic
def send_again(*, notice_id: int, actor: str, now: datetime) -> None:
    """A person has a mail sent again that no server took, or that came back, to today's address.

    Raises NothingToSendAgain, NobodyToWriteTo, MovedMeanwhile.
    """
    notice = Notice.objects.filter(pk=notice_id).exclude(text="").first()
    if notice is None or not (notice.stage == "failed" or notice.bounced_at is not None):
        raise NothingToSendAgain(notice_id=notice_id)
    address: str | None = notice.address
    if notice.customer_id is not None:
        address = customers.address_of(notice.customer_id)
    if not address:
        raise NobodyToWriteTo(notice_id=notice_id)
    as_seen = Notice.objects.filter(
        pk=notice_id, stage=notice.stage, bounced_at=notice.bounced_at, attempts=notice.attempts
    )
    again: dict[str, Any] = {
        "stage": "queued",
        "is_live": True,
        "attempts": 0,
        "address": address,
        "sent_at": None,
        "bounced_at": None,
        "reason": "",
    }
    if as_seen.update(**again) != 1:
        raise MovedMeanwhile(notice_id=notice_id, expected=notice.stage)
    journal.tell(
        "notice.sent_again",
        actor=actor,
        now=now,
        customer_id=notice.customer_id,
        notice_id=notice_id,
    )


@transaction.atomic
def choose_mails(*, customer_id: int, stopped: Collection[str], now: datetime) -> None:
    """Keep what the customer wants no mail about: topics of `queries.TOPICS`, nothing else."""
    assert set(stopped) <= set(queries.TOPICS.values())
    MailStop.objects.filter(customer_id=customer_id).exclude(topic__in=stopped).delete()
    for topic in stopped:
        MailStop.objects.get_or_create(
            customer_id=customer_id, topic=topic, defaults={"since": now}
        )


@transaction.atomic
def choose_pushes(*, customer_id: int, stopped: Collection[str], now: datetime) -> None:
    """Keep what the customer wants not pushed: topics of `queries.PUSHED`, nothing else."""
    assert set(stopped) <= set(queries.PUSHED.values())
    PushStop.objects.filter(customer_id=customer_id).exclude(topic__in=stopped).delete()
    for topic in stopped:
        PushStop.objects.get_or_create(
            customer_id=customer_id, topic=topic, defaults={"since": now}
        )


@transaction.atomic
def add_device(
    *,
    customer_id: int,
    session_key: str,
    endpoint: str,
    public_key: str,
    secret: str,
    now: datetime,
) -> None:
    """Let that browser take the customer's messages, and nobody else's any more.

    Each is called for each message: of more than DEVICES_MAX the oldest are forgotten. Raises
    AccountClosed, AccountLeaving, NoPushService.
    """
    account.lock_for_new(customer_id)
    try:
        checked(endpoint, may_be_local=may_be_local())
    except DeviceRefused:
        raise NoPushService from None
    PushDevice.objects.update_or_create(
        endpoint=endpoint,
        defaults={
            "customer_id": customer_id,
            "session_key": session_key,
            "public_key": public_key,
            "secret": secret,
            "made_at": now,
        },
    )
    theirs = PushDevice.objects.filter(customer_id=customer_id).order_by("-made_at", "-pk")
    kept = list(theirs.values_list("pk", flat=True)[:DEVICES_MAX])
    theirs.exclude(pk__in=kept).delete()


@transaction.atomic
def forget_device(*, endpoint: str, customer_id: int) -> None:
    """That browser wants no more, or is gone."""
    PushDevice.objects.filter(endpoint=endpoint, customer_id=customer_id).delete()


def push_key_file() -> Path:
    """Where the key lies that our pushed messages are signed with; made at the first need."""
    return Path(settings.FAIRROAM_FOLDER) / "push-key.pem"


def push_public_key() -> str:
    """What browsers are told of it."""
    return public_key(push_key_file())


def may_be_local() -> bool:
    """Whether push services of this machine may be called: never where people are served."""
    return settings.FAIRROAM_ENVIRONMENT in ("demo", "test")


@transaction.atomic
def stop_mail(*, notice_id: int, now: datetime) -> str:
    """The reader of this mail wants no more about its topic; returns the topic, "" for none."""
    notice = Notice.objects.get(pk=notice_id)
    topic = queries.topic_of(notice.kind)
    if topic and notice.customer_id is not None:
        MailStop.objects.get_or_create(
            customer_id=notice.customer_id, topic=topic, defaults={"since": now}
        )
    return topic


@transaction.atomic
def forget_strangers(*, now: datetime) -> int:
    """Empty mails with a link to addresses that nobody proved, once it is too old; how many.

    That each was sent stays, so that its code can be checked. Run it now and then.
    """
    told = Notice.objects.filter(kind__in=UNPROVEN, customer__isnull=True).exclude(address="")
    over = told.exclude(stage="queued").filter(queued_at__lte=now - LINKS_LAST)
    return over.update(address="", subject="", text="", reason="")


def move(notice_id: int, **changes: Any) -> None:
    """Take a queued notice to its end. Raises MovedMeanwhile when it is no longer queued."""
    queued = Notice.objects.filter(pk=notice_id, stage="queued")
    if queued.update(is_live=None, **changes) != 1:
        raise MovedMeanwhile(notice_id=notice_id, expected="queued")


@transaction.atomic
def drop_queued(*, customer_id: int) -> int:
    """Drop what is still waiting for this customer; how many were dropped."""
    return Notice.objects.filter(customer_id=customer_id, stage="queued").update(
        stage="dropped", is_live=None
    )


@transaction.atomic
def mark_read(*, notice_id: int, customer_id: int, now: datetime) -> None:
    """The customer opened the message in their inbox; the first time counts."""
    Notice.objects.filter(pk=notice_id, customer_id=customer_id, read_at__isnull=True).update(
        read_at=now
    )
