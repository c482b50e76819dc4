"""Usage records (each counted once), meters, and how far the plan of an order line has run."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Q

OUTCOMES = ("counted", "unknown_line", "after_end", "not_in_plan")


class PlanRun(models.Model):
    """How far the plan of an order line has run. Locked first by everything that counts for it.

    earned_minor: how much of the net price the use so far has earned.
    """

    order_line = models.OneToOneField(
        "orders.OrderLine", models.PROTECT, primary_key=True, related_name="run"
    )
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()  # the price without the tax inside it
    earned_minor = models.BigIntegerField(default=0)
    earnings = models.PositiveIntegerField(default=0)  # how many moves: the next one's key
    validity_days = models.PositiveIntegerField()
    measure_by = models.CharField(max_length=8)  # of the seller's pack, frozen with the order
    measure_unit = models.CharField(max_length=8)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # the period was over, the rest became breakage

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(earned_minor__gte=0) & Q(earned_minor__lte=F("net_minor")),
                name="a_plan_earns_at_most_its_net_price",
            ),
        ]


class PlanPeriod(models.Model):
    """When the plan of an order line runs: half-open. One line's periods never overlap."""

    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="periods")
    during = DateTimeRangeField()

    # Written as SQL in the migration, since it needs no extension that way.
    raw_constraints = ("periods_of_an_order_line_never_overlap",)


class Meter(models.Model):
    """How much of one allowance is used. `used` may exceed `granted`: carriers report late."""

    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="meters")
    kind = models.CharField(max_length=5)  # data | voice | sms
    granted = models.BigIntegerField(null=True)  # bytes, seconds, messages; null = unlimited
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

    source = models.CharField(max_length=200)
    record_id = models.CharField(max_length=200)
    content_sha256 = models.CharField(max_length=64)
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, null=True)
    iccid = models.CharField(max_length=20)
    kind = models.CharField(max_length=6)  # data | voice | sms | attach
    quantity = models.BigIntegerField()  # bytes, seconds, messages; 0 for attach
    country = models.CharField(max_length=2)
    operator = models.CharField(max_length=200, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=14, default="counted")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "record_id"], name="a_usage_record_is_kept_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="usage_is_not_negative"),
            models.CheckConstraint(
                condition=Q(outcome__in=OUTCOMES), name="a_usage_record_has_a_known_outcome"
            ),
            models.CheckConstraint(
                condition=Q(outcome="unknown_line", order_line__isnull=True)
                | (~Q(outcome="unknown_line") & Q(order_line__isnull=False)),
                name="only_a_record_of_an_unknown_line_has_none",
            ),
        ]
        indexes = [models.Index(fields=["order_line", "started_at"])]


class QuarantinedRecord(models.Model):
    """The same record id came again with other content: a person looks at it."""

    source = models.CharField(max_length=200)
    record_id = models.CharField(max_length=200)
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


class UsageCursor(models.Model):
    """How far we have read what a source wrote; notices may be lost, its own list is whole."""

    source = models.CharField(max_length=200, unique=True)
    cursor = models.CharField(max_length=200)
    read_at = models.DateTimeField()
