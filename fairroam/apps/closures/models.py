"""The closing of an account, step by step, with what each step proved."""

import uuid

from django.db import models
from django.db.models import Q

from fairroam.rules import stages

STEPS = (
    "refunds",
    "lines",
    "notices",
    "sessions",
    "close",
    "erase",
    "certify",
    "last_mail",
)


class Closure(models.Model):
    """One closing. The sealed address and the salts are kept for the last mail only."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="closures")
    stage = models.CharField(max_length=10, default="requested")
    checklist = models.JSONField()  # as the customer saw and confirmed it
    requested_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    certificate = models.OneToOneField("papers.Paper", models.PROTECT, null=True)
    sealed_address = models.EmailField(null=True)
    # Name of a commitment in the certificate -> its salt; told in the last mail, then dropped.
    salts = models.JSONField(null=True)
    language = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.CLOSURE))),
                name="a_closure_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=~Q(stage="reversed"),
                name="one_closing_per_customer_unless_undone",
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
