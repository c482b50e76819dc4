"""What people declare at a public door, before it is known who they are."""

import uuid

from django.db import models
from django.db.models import Q

from fairroam.rules import stages


class Declaration(models.Model):
    """Somebody withdrew from a contract, or ended one, without signing in.

    It counts from `declared_at`. Nothing is switched off before the mailbox of the order, a
    sign-in or a person stands behind it: nobody may end a stranger's line in the middle of a trip.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)  # of the form
    number = models.CharField(max_length=14, unique=True)  # "DE-7K3M-9Q2T", said to people
    kind = models.CharField(max_length=12)
    stage = models.CharField(max_length=14, default="received")
    # As they wrote it; erased with the account whose it turns out to be.
    name = models.CharField(max_length=120)
    email = models.EmailField()
    contract = models.CharField(max_length=120)  # order number, or what else names the contract
    ends = models.CharField(max_length=40, default="")  # a termination: when; "" = at the earliest
    reason = models.CharField(max_length=1000, default="")  # a termination for cause: which
    answer_words = models.TextField(default="")  # a person's
    residence = models.CharField(max_length=6)  # whose words stood on the buttons
    language = models.CharField(max_length=10)
    declared_at = models.DateTimeField()
    order = models.ForeignKey("orders.Order", models.PROTECT, null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=60, default="")  # "mailbox", "customer:7", "staff:3"

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["withdrawal", "termination"]),
                name="a_declaration_has_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.DECLARATION))),
                name="a_declaration_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=~Q(stage="confirmed") | Q(order__isnull=False),
                name="what_is_carried_out_names_its_order",
            ),
        ]

    def __str__(self) -> str:
        return self.number
