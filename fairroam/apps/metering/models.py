"""Usage records (each counted once), meters, and the period a plan runs."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q


class PlanPeriod(models.Model):
    """When the plan of an order line runs: half-open. One line's periods never overlap."""

    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="periods")
    during = DateTimeRangeField()

    # Written as SQL in the migration, since it needs no extension that way.
    raw_constraints = ("periods_of_an_order_line_never_overlap",)


class Meter(models.Model):
    """How much of one allowance is used. `used` may exceed `granted`: carriers report late."""

    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="meters")
    kind = models.CharField(max_length=5)
    granted = models.BigIntegerField(null=True)
    used = models.BigIntegerField(default=0)
    weight = models.CharField(max_length=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_line", "kind"], name="one_meter_per_line_and_kind"
            ),
            models.CheckConstraint(condition=Q(used__gte=0), name="a_meter_never_runs_below_zero"),
        ]


class UsageRecord(models.Model):
    """What a network counted. Unique by source and record for ever."""

    source = models.CharField(max_length=20)
    record_id = models.CharField(max_length=80)
    content_sha256 = models.CharField(max_length=64)
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, null=True)
    iccid = models.CharField(max_length=20)
    kind = models.CharField(max_length=6)  # data | voice | sms | attach
    quantity = models.BigIntegerField()  # bytes, seconds, messages; 0 for attach
    country = models.CharField(max_length=2)
    operator = models.CharField(max_length=60, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    received_at = models.DateTimeField()
    # counted, or kept beside: unknown_line, after_end
    outcome = models.CharField(max_length=14, default="counted")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "record_id"], name="a_usage_record_is_kept_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="usage_is_not_negative"),
        ]
        indexes = [models.Index(fields=["order_line", "started_at"])]


class QuarantinedRecord(models.Model):
    """The same record id came again with other content: a person looks at it."""

    source = models.CharField(max_length=20)
    record_id = models.CharField(max_length=80)
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "record_id", "content_sha256"],
                name="a_conflicting_record_is_quarantined_once",
            )
        ]
