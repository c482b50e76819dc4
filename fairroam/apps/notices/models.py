"""One message in one language to one person on one channel, sent once."""

import uuid

from django.db import models
from django.db.models import Q


class Notice(models.Model):
    """A message. Its text and address can be erased; that it was sent stays."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)  # also its Message-ID
    act = models.CharField(max_length=100, unique=True)  # "order.confirmed:12": told once
    kind = models.CharField(max_length=60)
    customer = models.ForeignKey("customers.Customer", models.PROTECT, null=True)
    # True while queued; null once done. With customer: no queued notice under a closed account.
    is_live = models.BooleanField(null=True, default=True)
    language = models.CharField(max_length=10)
    address = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    reply_to = models.EmailField(default="")  # where an answer to it goes; empty: to the sender
    is_by_person = models.BooleanField(default=False)  # not marked as sent by a machine
    paper = models.ForeignKey("papers.Paper", models.PROTECT, null=True)
    stage = models.CharField(max_length=10, default="queued")  # queued sent failed dropped kept
    attempts = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)  # it came back after it was sent
    reason = models.CharField(max_length=200, default="")  # a mail server's, for not taking it
    read_at = models.DateTimeField(null=True)  # opened in the account's inbox

    raw_constraints = ("a_notice_waits_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["queued", "sent", "failed", "dropped", "kept"]),
                name="a_notice_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage="queued", is_live=True)
                | (~Q(stage="queued") & Q(is_live__isnull=True)),
                name="only_a_queued_notice_lives",
            ),
        ]


class MailStop(models.Model):
    """A customer wants no mail about one topic; its messages stand in the inbox alone."""

    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    topic = models.CharField(max_length=20)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "topic"], name="one_mail_stop_per_customer_and_topic"
            )
        ]


class PushDevice(models.Model):
    """A browser that takes our messages for a customer, until its sign-in ends.

    The three last columns are what its push service gave it; whoever has them can write to it.
    """

    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    session_key = models.CharField(max_length=40)  # of the sign-in in that browser
    endpoint = models.CharField(max_length=1000, unique=True)
    public_key = models.CharField(max_length=100)
    secret = models.CharField(max_length=40)
    made_at = models.DateTimeField()


class PushStop(models.Model):
    """A customer wants nothing pushed about one topic."""

    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    topic = models.CharField(max_length=20)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "topic"], name="one_push_stop_per_customer_and_topic"
            )
        ]
