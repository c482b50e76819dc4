"""Requests for money back, the decisions on them, and the parts they are paid in."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from fairroam.apps.refunds.models.quotes import DESTINATIONS, WISHES, Quote
from fairroam.rules import stages

# An end may be taken back: money returns, and a no is appealed.
ENDED = sorted(stages.terminal(stages.REFUND) | {"paid", "declined", "handed_over"})
# Decided, with its money on the way: what comes back to us later stands in nobody's way.
ON_THE_WAY = ("approved", "payout_failed")
CAUSES = ("consumer", "trader")  # whose doing the end is, as the rules name them


class RefundRequest(models.Model):
    """Somebody asked for money back for one order line."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="refunds")
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="refunds")
    is_live = models.BooleanField(null=True, default=True)
    stage = models.CharField(max_length=20, default="submitted")
    declared_at = models.DateTimeField()  # when it reached a door of ours: counts for the right
    received_at = models.DateTimeField()
    asked_minor = models.BigIntegerField(null=True)  # null: all that is due
    words = models.TextField(default="")  # theirs; erased with the account
    cause = models.CharField(max_length=8, default="consumer")  # "trader": a person said so
    wish = models.CharField(max_length=11, default="")  # what they would like best
    wish_minor = models.BigIntegerField(null=True)  # more than is due was wished: for a person
    destination = models.CharField(max_length=8, default="original")
    quote = models.OneToOneField(Quote, models.PROTECT, null=True, related_name="request")
    # What was wished beyond the due part of another request, which did not wait for it.
    follows = models.OneToOneField("self", models.PROTECT, null=True, related_name="followed_by")
    answer_words = models.TextField(default="")  # a person's, to the customer; erased like theirs
    decision_paper = models.OneToOneField(
        "papers.Paper", models.PROTECT, null=True, related_name="decided_refund"
    )
    credit_note = models.OneToOneField(
        "papers.Paper", models.PROTECT, null=True, related_name="credited_refund"
    )
    thread = models.OneToOneField(
        "conversations.Thread", models.PROTECT, null=True, related_name="refund"
    )
    ended_at = models.DateTimeField(null=True)

    raw_constraints = ("a_refund_lives_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.REFUND))),
                name="a_refund_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(asked_minor__isnull=True) | Q(asked_minor__gt=0),
                name="asked_for_something_or_all",
            ),
            models.CheckConstraint(
                condition=Q(wish__in=WISHES) & Q(destination__in=DESTINATIONS),
                name="a_refund_has_a_known_wish_and_destination",
            ),
            models.CheckConstraint(
                condition=Q(cause__in=CAUSES), name="a_refund_has_a_known_cause"
            ),
            models.CheckConstraint(
                condition=(Q(stage__in=ENDED) & Q(is_live__isnull=True))
                | (~Q(stage__in=ENDED) & Q(is_live=True)),
                name="a_refund_lives_until_it_has_ended",
            ),
            models.UniqueConstraint(
                fields=["order_line"],
                condition=Q(is_live=True, follows__isnull=True) & ~Q(stage__in=ON_THE_WAY),
                name="one_open_refund_per_order_line",
            ),
            models.UniqueConstraint(
                fields=["order_line"],
                condition=Q(is_live=True, follows__isnull=False) & ~Q(stage__in=ON_THE_WAY),
                name="one_open_wish_per_order_line",
            ),
        ]


class Decision(models.Model):
    """What the rules (or a person above them) said, with all that they knew. Never edited."""

    number = models.CharField(max_length=14, unique=True)  # "RD-7K3M-9Q2T"
    request = models.ForeignKey(RefundRequest, models.PROTECT, related_name="decisions")
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by"
    )
    facts = models.JSONField()
    packs = models.JSONField()  # the packs themselves, so that anyone can compute it again
    result = models.JSONField()  # rules.decide(facts, packs).as_json()
    currency = models.CharField(max_length=3)
    due_minor = models.BigIntegerField()
    goodwill_minor = models.BigIntegerField(default=0)  # a person's addition, on top of the rules
    decided_by = models.CharField(max_length=60)  # "rules" or "staff:3"
    confirmed_by = models.CharField(max_length=60, default="")  # a second person, above a limit
    decided_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(supersedes__isnull=True),
                name="one_first_decision_per_request",
            ),
            models.CheckConstraint(
                condition=Q(due_minor__gte=0) & Q(goodwill_minor__gte=0),
                name="a_decision_takes_nothing",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=models.F("confirmed_by")),
                name="nobody_confirms_their_own_decision",
            ),
        ]


class RefundPart(models.Model):
    """The part of an approved refund that goes back through one tender."""

    request = models.ForeignKey(RefundRequest, models.PROTECT, related_name="parts")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="parts")
    tender = models.ForeignKey("orders.Tender", models.PROTECT)
    amount_minor = models.BigIntegerField()
    is_held = models.BooleanField(default=False)  # when it was planned: a dispute was open
    payout = models.OneToOneField("payments.Payout", models.PROTECT, null=True)
    arrived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "tender"], name="one_part_per_decision_and_tender"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_part_pays_something"),
        ]
