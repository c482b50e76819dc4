"""How people handle a request: whose case it is, its flags, offers, confirmations and alarms."""

from django.db import models
from django.db.models import F, Q

from fairroam.apps.refunds.models.requests import Decision, RefundRequest
from fairroam.rules import offers, stages


class Case(models.Model):
    """What the desk knows of a request that a person handles.

    Its clocks run from `clock_from`: when it was received, or appealed. Ours stand still while
    the customer is asked something; the law's never do.
    """

    request = models.OneToOneField(
        RefundRequest, models.PROTECT, primary_key=True, related_name="desk"
    )
    doubts = models.JSONField(default=list)  # why the rules did not settle it, in codes
    assigned_to = models.ForeignKey(
        "customers.User", models.SET_NULL, null=True, related_name="refund_cases"
    )
    clock_from = models.DateTimeField()
    first_answered_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)  # since when we wait for the customer
    paused_seconds = models.BigIntegerField(default=0)  # of pauses that are over
    urgency = models.PositiveSmallIntegerField(default=0)  # 0 none, 1 a deadline nears, 2 passed
    missing = models.JSONField(default=list)  # what the customer is asked for, in codes
    question_words = models.TextField(default="")  # ours
    added_words = models.TextField(default="")  # theirs: answers and appeals, newest last
    appealed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(paused_seconds__gte=0), name="a_clock_is_never_put_forward"
            ),
        ]


class Flag(models.Model):
    """Something about a request that a person should see; it never changes the amount."""

    request = models.ForeignKey(RefundRequest, models.PROTECT, related_name="flags")
    code = models.CharField(max_length=20)
    facts = models.JSONField()  # ids, counts and instants only
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "code"], name="a_flag_is_raised_once")
        ]


class Offer(models.Model):
    """What a person proposes beyond the rules; the customer accepts, declines or counters.

    kind, quantity: of `rules.offers`. due_minor: what the rules gave when it was made: money
    offered comes on top of it, and the sum is promised.
    """

    request = models.ForeignKey(RefundRequest, models.PROTECT, related_name="offers")
    kind = models.CharField(max_length=12)
    quantity = models.BigIntegerField()
    due_minor = models.BigIntegerField()
    stage = models.CharField(max_length=10, default="open")
    words = models.TextField(default="")  # ours, to the customer
    counter_minor = models.BigIntegerField(null=True)  # what they ask for instead, in all
    counter_words = models.TextField(default="")
    made_by = models.CharField(max_length=60)
    confirmed_by = models.CharField(max_length=60, default="")  # a second person, above a limit
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    decision = models.OneToOneField(
        Decision, models.PROTECT, null=True, related_name="accepted_offer"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=sorted(offers.KINDS)), name="an_offer_has_a_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(due_minor__gte=0), name="an_offer_gives_something"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.OFFER))),
                name="an_offer_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage="open", ended_at__isnull=True)
                | (~Q(stage="open") & Q(ended_at__isnull=False)),
                name="an_offer_ends_when_it_is_not_open_any_more",
            ),
            models.CheckConstraint(
                condition=Q(stage="accepted", decision__isnull=False)
                | (~Q(stage="accepted") & Q(decision__isnull=True)),
                name="an_accepted_offer_is_a_decision",
            ),
            models.CheckConstraint(
                condition=(Q(stage="countered") & Q(counter_minor__gt=0))
                | (~Q(stage="countered") & Q(counter_minor__isnull=True)),
                name="a_countered_offer_says_what_is_asked_instead",
            ),
            models.CheckConstraint(
                condition=~Q(made_by=F("confirmed_by")), name="nobody_confirms_their_own_offer"
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(stage="open"), name="one_open_offer_per_request"
            ),
        ]


class Proposal(models.Model):
    """An act above its author's limit: it waits for a second, different person.

    content: what the act is called with, amounts and counts only. amount_minor: what leaves.
    """

    request = models.ForeignKey(RefundRequest, models.PROTECT, related_name="proposals")
    act = models.CharField(max_length=8)  # approve | offer
    content = models.JSONField()
    amount_minor = models.BigIntegerField()
    words = models.TextField(default="")
    stage = models.CharField(max_length=10, default="waiting")
    proposed_by = models.CharField(max_length=60)
    proposed_at = models.DateTimeField()
    ended_by = models.CharField(max_length=60, default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.PROPOSAL))),
                name="a_proposal_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=~Q(stage="confirmed") | ~Q(proposed_by=F("ended_by")),
                name="nobody_confirms_what_they_proposed",
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(stage="waiting"),
                name="one_waiting_proposal_per_request",
            ),
        ]


class Escalation(models.Model):
    """A deadline of a case came near, or passed: told once, seen by somebody."""

    request = models.ForeignKey(RefundRequest, models.PROTECT, related_name="escalations")
    clock = models.CharField(max_length=12)  # answer | decision | payment
    level = models.PositiveSmallIntegerField()  # 1 near, 2 passed
    due_at = models.DateTimeField()
    told_at = models.DateTimeField()
    seen_by = models.CharField(max_length=60, default="")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "clock", "level", "due_at"],
                name="a_deadline_is_escalated_once_per_level",
            )
        ]
