"""Threads from web and mail, and their messages. They know no case: a case points to its thread."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from fairroam.rules import stages


def new_token() -> str:
    """128 random bits, in letters that survive every mail program: the address of a thread."""
    return secrets.token_hex(16)


class Thread(models.Model):
    """One matter, with one customer or with one address of somebody without an account."""

    token = models.CharField(max_length=32, unique=True, default=new_token)
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, null=True, related_name="threads"
    )
    # True until closed; null then. With customer: no open thread under a closed account.
    is_live = models.BooleanField(null=True, default=True)
    stage = models.CharField(max_length=12, default="waiting")
    address = models.EmailField(default="")  # of a visitor; a customer's stands with their sign-in
    language = models.CharField(max_length=10, default="en")
    subject = models.CharField(max_length=200, default="")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="threads"
    )
    opened_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)  # their oldest message without an answer
    first_answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    times_reopened = models.PositiveIntegerField(default=0)
    rating = models.PositiveSmallIntegerField(null=True)  # 1 (bad) to 5 (good)
    rating_words = models.TextField(default="")
    rated_at = models.DateTimeField(null=True)

    raw_constraints = ("a_thread_lives_only_under_an_open_account",)

    class Meta:
        indexes = [
            models.Index(
                fields=["waiting_since"], condition=Q(stage="waiting"), name="threads_that_wait"
            ),
            models.Index(
                fields=["address"], condition=Q(customer__isnull=True), name="visitors_threads"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.THREAD))),
                name="a_thread_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage="closed", is_live__isnull=True, ended_at__isnull=False)
                | (~Q(stage="closed") & Q(is_live__isnull=False, is_live=True)),
                name="a_thread_lives_until_it_is_closed",
            ),
            models.CheckConstraint(
                condition=Q(stage="waiting", waiting_since__isnull=False)
                | (~Q(stage="waiting") & Q(waiting_since__isnull=True)),
                name="a_thread_waits_since_some_instant",
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=True) | Q(address=""),
                name="a_customers_address_stands_with_the_customer",
            ),
            models.CheckConstraint(
                condition=Q(rating__isnull=True, rated_at__isnull=True)
                | Q(rating__isnull=False, rating__range=(1, 5), rated_at__isnull=False),
                name="a_rating_is_one_to_five",
            ),
        ]


class Message(models.Model):
    """One message of a thread. `received_at`: when it reached a door of ours."""

    thread = models.ForeignKey(Thread, models.PROTECT, related_name="messages")
    customer = models.ForeignKey("customers.Customer", models.PROTECT, null=True)
    author = models.CharField(max_length=10)  # customer visitor staff
    actor = models.CharField(max_length=60)  # "customer:7", "visitor", "staff:3"
    channel = models.CharField(max_length=5)  # web mail
    words = models.TextField()  # erased with the account
    received_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)  # what the sender's machine claims
    is_turn = models.BooleanField(default=False)  # we began to owe an answer with it
    files = models.ManyToManyField("evidence.Evidence", related_name="messages")
    files_left_out = models.PositiveSmallIntegerField(default=0)  # those that could not be kept
    marked_as = models.CharField(max_length=14, default="")
    marked_by = models.CharField(max_length=60, default="")
    marked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(author__in=["customer", "visitor", "staff"]),
                name="a_message_has_a_known_author",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["web", "mail"]), name="a_message_has_a_known_channel"
            ),
            models.CheckConstraint(
                condition=Q(marked_as="", marked_at__isnull=True)
                | Q(marked_as__in=["withdrawal", "refund_request"], marked_at__isnull=False),
                name="a_marked_message_says_when",
            ),
        ]


class Mail(models.Model):
    """That a mail came in: accepted exactly once. Holds hashes only."""

    message_id_sha256 = models.CharField(max_length=64, db_index=True)
    content_sha256 = models.CharField(max_length=64)
    outcome = models.CharField(max_length=10)  # kept automatic loop bounce
    message = models.OneToOneField(Message, models.PROTECT, null=True, related_name="mail")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message_id_sha256", "content_sha256"], name="a_mail_is_accepted_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome="kept", message__isnull=False)
                | Q(outcome__in=["automatic", "loop", "bounce"], message__isnull=True),
                name="a_kept_mail_is_a_message",
            ),
        ]


class SavedReply(models.Model):
    """Words that are often needed, in one language."""

    title = models.CharField(max_length=80)
    language = models.CharField(max_length=10)
    words = models.TextField()
    changed_by = models.CharField(max_length=60)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["title", "language"], name="one_saved_reply_per_title_and_language"
            )
        ]


class HiddenGuide(models.Model):
    """A guide that travellers do not see until it is right again."""

    guide = models.CharField(max_length=40, unique=True)


class GuideOpinion(models.Model):
    """Whether a guide helped somebody, and what they add; nobody's name stands beside it."""

    guide = models.CharField(max_length=40)
    language = models.CharField(max_length=10)
    is_helpful = models.BooleanField()
    words = models.TextField(default="")  # shown to everybody once a person has read them
    stage = models.CharField(max_length=8, default="counted")  # counted waiting shown dropped
    said_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["guide", "stage"], name="opinions_of_a_guide")]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["counted", "waiting", "shown", "dropped"]),
                name="an_opinion_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["waiting", "shown"]) | ~Q(words=""),
                name="only_words_are_shown",
            ),
        ]
