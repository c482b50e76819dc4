"""The closing of an account, step by step, with what each step proved."""

import uuid

from django.db import models
from django.db.models import F, Q

from fairroam.rules import stages
from fairroam.rules.closure_timing import TIMINGS

STEPS = (
    "refunds",
    "lines",
    "notices",
    "sessions",
    "close",
    "erase",
    "rescan",
    "certify",
    "last_mail",
)


# A closing in one of these is over before it began; the customer may ask for another.
GIVEN_UP = ("reversed", "rejected")
UNDOABLE = ("requested", "review", "asked")


class Closure(models.Model):
    """One closing. The sealed address and the salts are kept for the last mail only."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="closures")
    stage = models.CharField(max_length=10, default="requested")
    checklist = models.JSONField()  # as the customer saw and confirmed it
    timing = models.CharField(max_length=10, default="at_once")
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()  # from when on it may begin; until then all goes on as before
    trip_ends_on = models.DateField(null=True)
    claimed_at = models.DateTimeField(null=True)  # it began: nothing is undone from here on
    held_by = models.JSONField(default=list)  # codes of what came up since, while it is due
    # A person looks at it: why (codes), until when, what they asked and said, what was answered.
    doubts = models.JSONField(default=list)
    review_by = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=60, default="")  # "staff:3"
    question_words = models.TextField(default="")
    answer_words = models.TextField(default="")
    reject_words = models.TextField(default="")
    closed_at = models.DateTimeField(null=True)
    certificate = models.OneToOneField("papers.Paper", models.PROTECT, null=True)
    sealed_address = models.EmailField(null=True)
    # Name of a commitment in the certificate -> its salt; told in the last mail, then dropped.
    salts = models.JSONField(null=True)
    # Where text messages may go meanwhile; never a number kept here. Goes with the address.
    sealed_phone = models.CharField(max_length=16, default="")
    # Kept while a settlement is open, in case its money needs another way; then dropped.
    payout_contact = models.EmailField(null=True)
    language = models.CharField(max_length=10)

    class Meta:
        indexes = [models.Index(fields=["stage", "due_at"], name="closings_by_stage_and_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.CLOSURE))),
                name="a_closure_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=~Q(stage__in=GIVEN_UP),
                name="one_closing_per_customer_unless_undone",
            ),
            models.CheckConstraint(
                condition=Q(timing__in=TIMINGS), name="a_closure_has_a_known_timing"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=(*UNDOABLE, *GIVEN_UP), claimed_at__isnull=True)
                | (
                    ~Q(stage__in=(*UNDOABLE, *GIVEN_UP))
                    & Q(claimed_at__isnull=False, claimed_at__gte=F("due_at"))
                ),
                name="a_closing_begins_once_and_not_before_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=("review", "asked")) | Q(review_by__isnull=False),
                name="a_review_has_its_last_day",
            ),
        ]


class ClosureStep(models.Model):
    """One step of a closing: safe twice, done once."""

    closure = models.ForeignKey(Closure, models.PROTECT, related_name="steps")
    name = models.CharField(max_length=12)
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    proof = models.JSONField(default=dict)  # figures that show it; until then, what it waits for

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["closure", "name"], name="a_closing_step_is_taken_once"
            ),
            models.CheckConstraint(condition=Q(name__in=STEPS), name="a_step_has_a_known_name"),
        ]


class Settlement(models.Model):
    """What was still open with the outside when an account closed: it does not hold anybody."""

    closure = models.ForeignKey(Closure, models.PROTECT, related_name="settlements")
    dispute = models.OneToOneField("payments.Dispute", models.PROTECT, null=True)
    payout = models.OneToOneField("payments.Payout", models.PROTECT, null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    handed_over_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_settlement_is_about_something"
            ),
            models.CheckConstraint(
                condition=Q(dispute__isnull=False, payout__isnull=True)
                | Q(dispute__isnull=True, payout__isnull=False),
                name="a_settlement_is_of_a_dispute_or_of_a_payout",
            ),
        ]


class Waiver(models.Model):
    """Paid credit that no way of paying takes back, given up by its owner; claimable later.

    Whoever shows the paper's number and its code may claim: of the code a keyed hash is kept.
    """

    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="+")
    paper = models.OneToOneField("papers.Paper", models.PROTECT, related_name="+")
    code_digest = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    signed_at = models.DateTimeField()
    claim_by = models.DateField()  # the last day, by the house's own clock
    stage = models.CharField(max_length=8, default="waived")
    ended_at = models.DateTimeField(null=True)  # claimed, or ended by a person
    ended_by = models.CharField(max_length=60, default="")  # "staff:3", who ended it unclaimed
    words = models.TextField(default="")  # why a person ended or prolonged it

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_waiver_is_about_something"
            ),
            models.CheckConstraint(
                condition=Q(stage="waived", ended_at__isnull=True)
                | Q(stage__in=("claimed", "lapsed"), ended_at__isnull=False),
                name="a_waiver_is_open_claimed_or_ended_by_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(stage="lapsed") | (~Q(ended_by="") & ~Q(words="")),
                name="no_waiver_lapses_by_itself",
            ),
        ]


class WaiverPart(models.Model):
    """What of a waiver came in by one payment."""

    waiver = models.ForeignKey(Waiver, models.PROTECT, related_name="parts")
    payment = models.ForeignKey("payments.Payment", models.PROTECT, related_name="+")
    minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["waiver", "payment"], name="one_part_per_waiver_and_payment"
            ),
            models.CheckConstraint(condition=Q(minor__gt=0), name="a_waiver_part_is_something"),
        ]


class ClosingText(models.Model):
    """One text message about a closing. Its key is stored before the call."""

    closure = models.ForeignKey(Closure, models.PROTECT, related_name="texts")
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    kind = models.CharField(max_length=20)  # the event it tells of
    stage = models.CharField(max_length=8, default="queued")
    queued_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["closure", "kind"], name="a_closing_texts_once_of_each"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=("queued", "sent", "failed", "dropped")),
                name="a_closing_text_has_a_known_stage",
            ),
        ]


class ClosedMark(models.Model):
    """That an address had an account which was closed, as a keyed hash: to tell who comes back."""

    digest = models.CharField(max_length=64, unique=True)
    closed_at = models.DateTimeField()
    keep_until = models.DateTimeField()


class ServiceEnd(models.Model):
    """That one service (an order line) shall end while the account stays."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="+")
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="+")
    stage = models.CharField(max_length=8, default="asked")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()  # until then it works, and this can be taken back
    asked_by = models.CharField(max_length=60)  # "customer:7", or the door it came in by
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_line"],
                condition=Q(stage__in=("asked", "ending")),
                name="one_open_end_per_service",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.SERVICE_END))),
                name="a_service_end_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=F("asked_at")), name="a_service_ends_after_it_was_asked"
            ),
        ]
