"""Giving money back to everybody whom an incident hit: previewed, confirmed by another, run."""

import uuid

from django.db import models
from django.db.models import F, Q

from fairroam.apps.refunds.models.requests import RefundRequest
from fairroam.rules import stages

# What the rules say to a line that was hit, when the run was previewed.
FINDINGS = (
    "owed",
    "nothing",  # no rule of its packs gives anything back for this outage
    "given_back",  # something, but no more than came back already or is on its way
    "claim_open",  # its customer has asked already: that request gets the same facts
    "account_closed",
)
# What the run did with it.
OUTCOMES = (
    "given",
    "told",  # nothing is owed, and the customer knows why
    "moved",  # its figures are not the previewed ones any more: for a new preview
    "left_out",  # nobody can be told or paid: the account is closed or closing
    "own",  # of one of the two who decide: for a third person
)


class RefundRun(models.Model):
    """One try to give everybody back what an incident cost them.

    digest: SHA-256 over every line of the preview: the second person confirms exactly these.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="runs")
    incident_version = models.PositiveIntegerField()
    is_live = models.BooleanField(null=True, default=True)
    stage = models.CharField(max_length=10, default="counting")
    declared_at = models.DateTimeField()  # counts for the right of every line in it
    digest = models.CharField(max_length=64, default="")
    made_by = models.ForeignKey("customers.User", models.SET_NULL, null=True, related_name="+")
    confirmed_by = models.ForeignKey("customers.User", models.SET_NULL, null=True, related_name="+")
    previewed_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.REFUND_RUN))),
                name="a_refund_run_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(is_live__isnull=False, is_live=True, ended_at__isnull=True)
                | Q(is_live__isnull=True, ended_at__isnull=False),
                name="a_refund_run_lives_until_it_has_ended",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True)
                | Q(made_by__isnull=True)
                | ~Q(confirmed_by=F("made_by")),
                name="nobody_confirms_their_own_refund_run",
            ),
            models.UniqueConstraint(
                fields=["incident"], condition=Q(is_live=True), name="one_live_run_per_incident"
            ),
        ]


class RefundRunLine(models.Model):
    """One order line of a run: what was previewed for it, and what was done. By customer."""

    run = models.ForeignKey(RefundRun, models.PROTECT, related_name="lines", db_index=False)
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="+")
    finding = models.CharField(max_length=14)
    currency = models.CharField(max_length=3)
    due_minor = models.BigIntegerField()
    held_minor = models.BigIntegerField()  # of that: waits for a dispute
    outcome = models.CharField(max_length=8, null=True)
    refund = models.OneToOneField(RefundRequest, models.PROTECT, null=True, related_name="run_line")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "order_line"], name="a_line_is_in_a_run_once"),
            models.CheckConstraint(
                condition=Q(finding__in=FINDINGS), name="a_run_line_has_a_known_finding"
            ),
            models.CheckConstraint(
                condition=Q(finding="owed", due_minor__gt=0)
                | (~Q(finding="owed") & Q(due_minor=0, held_minor=0)),
                name="only_who_is_owed_something_is_owed",
            ),
            models.CheckConstraint(
                condition=Q(held_minor__gte=0) & Q(held_minor__lte=F("due_minor")),
                name="what_is_held_is_a_part_of_what_is_due",
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=True) | Q(outcome__in=OUTCOMES),
                name="a_run_line_has_a_known_outcome",
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=False, outcome="given", refund__isnull=False)
                | ((Q(outcome__isnull=True) | ~Q(outcome="given")) & Q(refund__isnull=True)),
                name="only_what_was_given_has_a_request",
            ),
        ]
        indexes = [
            models.Index(
                fields=["run", "id"],
                condition=Q(outcome__isnull=True),
                name="refunds_lines_of_runs_to_do",
            )
        ]
