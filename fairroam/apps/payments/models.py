"""Money in (payments), what providers say (events) and money out (payouts)."""

import uuid

from django.db import models
from django.db.models import F, Q

from fairroam.rules import stages


class Payment(models.Model):
    """One charge at one provider. The counters hold what may still go back."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)  # known to the provider
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    provider = models.CharField(max_length=20)
    method = models.CharField(max_length=20)  # card, wallet, transfer
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    pending_minor = models.BigIntegerField(default=0)  # reserved when decided, not when sent
    is_disputed = models.BooleanField(default=False)
    stage = models.CharField(max_length=12, default="prepared")
    provider_ref = models.CharField(max_length=80, null=True)
    pay_url = models.URLField(max_length=400, default="")
    description = models.CharField(max_length=200)
    language = models.CharField(max_length=10)
    return_url = models.URLField(max_length=400)
    prepared_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0)
                & Q(pending_minor__gte=0)
                & Q(captured_minor__gte=F("refunded_minor") + F("pending_minor")),
                name="never_more_back_than_was_captured",
            ),
            models.CheckConstraint(
                condition=Q(captured_minor__in=[0, F("amount_minor")]) & Q(amount_minor__gt=0),
                name="a_payment_is_captured_whole_or_not_at_all",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.PAYMENT))),
                name="a_payment_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"], name="a_provider_s_payment_is_known_once"
            ),
        ]


class ProviderEvent(models.Model):
    """A notice from a provider, kept as it came; applied once."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    content = models.JSONField()
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, default="received")  # applied quarantined ignored
    reason = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "event_id"], name="a_provider_event_is_kept_once"
            )
        ]


class Payout(models.Model):
    """One part of money on its way back through one payment. Its key is stored before the call."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="payouts")
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    # True while it may still move by itself; a closing hands it to settlement first.
    is_live = models.BooleanField(null=True, default=True)
    cause = models.CharField(max_length=60)  # "refund:42", "order:7": who asked for it
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    stage = models.CharField(max_length=22, default="planned")
    provider_ref = models.CharField(max_length=80, default="")
    reason = models.CharField(max_length=80, default="")  # why it failed, the provider's code
    attempts = models.PositiveIntegerField(default=0)
    planned_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)

    raw_constraints = ("a_payout_lives_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_payout_pays_something"),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.PAYOUT))),
                name="a_payout_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["cause", "payment"], name="one_payout_per_cause_and_payment"
            ),
        ]
