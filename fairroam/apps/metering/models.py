"""Usage records (each counted once), meters, and how far the plan of an order line has run."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Q

# waiting: a correction whose original has not come. refused: one that a person must look at.
OUTCOMES = ("counted", "unknown_line", "after_end", "not_in_plan", "waiting", "refused")
LINELESS = ("unknown_line", "waiting", "refused")
REASONS = ("other_content", "bad_correction", "total_fell", "not_understood")
SETTLEMENTS = ("counted", "put_away")  # what a person does with a record that was put aside


class PlanRun(models.Model):
    """How far the plan of an order line has run: a pack that burns on the eSIM of its `line`.

    Locked first by everything that counts for it. line: the order line that the eSIM was made
    for; the pack's own, unless it tops that up. earned_minor: how much of the net price the use
    so far has earned.
    """

    order_line = models.OneToOneField(
        "orders.OrderLine", models.PROTECT, primary_key=True, related_name="run"
    )
    line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="pack_runs")
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()  # the price without the tax inside it
    earned_minor = models.BigIntegerField(default=0)
    earnings = models.PositiveIntegerField(default=0)  # how many moves: the next one's key
    validity_days = models.PositiveIntegerField(null=True)  # null: it does not end by itself
    measure_by = models.CharField(max_length=8)  # of the seller's pack, frozen with the order
    measure_unit = models.CharField(max_length=8)
    bought_at = models.DateTimeField()  # a top-up burns for no use that began before
    opened_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)  # burns for no use that began then or later
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
    marks_told = models.PositiveSmallIntegerField(default=0)  # 1: runs low, 2: used up; never back

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_line", "kind"], name="one_meter_per_line_and_kind"
            ),
            models.CheckConstraint(condition=Q(used__gte=0), name="a_meter_never_runs_below_zero"),
        ]


class UsageRecord(models.Model):
    """What a network counted. Unique by source and record for ever.

    A correction has a negative quantity and names the record that it takes back from; it bears
    that record's ICCID, kind, country and times. It waits until that record has come.
    """

    source = models.CharField(max_length=200)
    record_id = models.CharField(max_length=200)
    content_sha256 = models.BinaryField(max_length=32)
    # Whose eSIM it was. No index of its own: the one below begins with it. The database need not
    # check what PlanRun's own keys already hold: a line that has a run is never deleted, and
    # both lines of a record come from locked runs. Checking each doubled the cost of a file.
    order_line = models.ForeignKey(
        "orders.OrderLine",
        models.PROTECT,
        null=True,
        db_index=False,
        db_constraint=False,
        related_name="usage",
    )
    # The pack that all of it burned in. Null: none did, or several, which UsageShare tells.
    pack = models.ForeignKey(
        "orders.OrderLine",
        models.PROTECT,
        null=True,
        db_index=False,
        db_constraint=False,
        related_name="burned",
    )
    iccid = models.CharField(max_length=20)
    kind = models.CharField(max_length=6)  # data | voice | sms | attach
    quantity = models.BigIntegerField()  # bytes, seconds, messages; 0 for attach
    country = models.CharField(max_length=2)
    operator = models.CharField(max_length=200, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=14, default="counted")
    corrects_source = models.CharField(max_length=200, null=True)
    corrects_record_id = models.CharField(max_length=200, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "record_id"], name="a_usage_record_is_kept_once"
            ),
            models.CheckConstraint(
                condition=Q(corrects_record_id__isnull=True, quantity__gte=0)
                | Q(corrects_record_id__isnull=False, quantity__lt=0),
                name="only_a_correction_is_negative",
            ),
            models.UniqueConstraint(
                fields=["corrects_source", "corrects_record_id"],
                condition=Q(outcome="counted", corrects_record_id__isnull=False),
                name="a_usage_record_is_corrected_once",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=OUTCOMES), name="a_usage_record_has_a_known_outcome"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=LINELESS, order_line__isnull=True)
                | (~Q(outcome__in=LINELESS) & Q(order_line__isnull=False)),
                name="only_a_record_of_an_unknown_line_has_none",
            ),
            models.CheckConstraint(
                condition=Q(outcome="counted") | Q(pack__isnull=True),
                name="only_what_counts_burns_in_a_pack",
            ),
        ]
        indexes = [
            models.Index(fields=["order_line", "started_at"]),
            models.Index(
                fields=["corrects_source", "corrects_record_id"],
                condition=Q(outcome="waiting"),
                name="metering_waiting_corrections",
            ),
        ]


class UsageShare(models.Model):
    """How much of one record burned in one pack, where it burned in several."""

    record = models.ForeignKey(UsageRecord, models.PROTECT, related_name="shares")
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT)
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "order_line"], name="a_record_has_one_share_per_pack"
            ),
            models.CheckConstraint(condition=~Q(quantity=0), name="a_share_is_something"),
        ]


class QuarantinedRecord(models.Model):
    """A record that contradicts what we know: a person counts it, or puts it away, once.

    words: why, in that person's words.
    """

    source = models.CharField(max_length=200)
    record_id = models.CharField(max_length=200)
    reason = models.CharField(max_length=14, default="other_content")
    content = models.JSONField()
    content_sha256 = models.BinaryField(max_length=32)
    received_at = models.DateTimeField()
    # Written by a statement of its own, which leaves these to the database.
    settled_at = models.DateTimeField(null=True)
    settled_as = models.CharField(max_length=10, default="", db_default="")
    settled_by = models.CharField(max_length=40, default="", db_default="")
    words = models.TextField(default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "record_id", "content_sha256"],
                name="a_conflicting_record_is_quarantined_once",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_as="", settled_by="", words="")
                | (
                    Q(settled_at__isnull=False, settled_as__in=SETTLEMENTS)
                    & ~Q(settled_by="")
                    & ~Q(words="")
                ),
                name="a_quarantined_record_is_settled_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(reason__in=REASONS), name="a_quarantined_record_has_a_known_reason"
            ),
        ]


class UsageCursor(models.Model):
    """How far we have read what a source wrote; notices may be lost, its own list is whole."""

    source = models.CharField(max_length=200, unique=True)
    cursor = models.CharField(max_length=200)
    read_at = models.DateTimeField()
    lag_seconds = models.PositiveIntegerField(default=0)  # as the source states it


class UsageImport(models.Model):
    """A file of records and how far it is counted. Each chunk moves it in its own transaction."""

    source = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    content_sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    done_bytes = models.BigIntegerField(default=0)
    done_lines = models.BigIntegerField(default=0)  # the header is line 1
    counted = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    unknown = models.BigIntegerField(default=0)
    beside = models.BigIntegerField(default=0)
    waiting = models.BigIntegerField(default=0)
    bad = models.BigIntegerField(default=0)
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "content_sha256"], name="a_file_is_imported_once_per_source"
            ),
            models.CheckConstraint(
                condition=Q(done_bytes__lte=F("size_bytes"))
                & (Q(finished_at__isnull=True) | Q(done_bytes=F("size_bytes"))),
                name="an_import_is_finished_at_the_end_of_its_file",
            ),
        ]


class UsageFilePart(models.Model):
    """A piece of a file that was sent to the desk, kept until the file is imported."""

    usage_import = models.ForeignKey(UsageImport, models.CASCADE, related_name="parts")
    begins_at_byte = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["usage_import", "begins_at_byte"], name="a_part_of_a_file_is_kept_once"
            )
        ]


class BadRow(models.Model):
    """A line of a file that could not be read as a record, kept as it came."""

    usage_import = models.ForeignKey(UsageImport, models.PROTECT, related_name="bad_rows")
    line_number = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    content = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["usage_import", "line_number"], name="a_bad_row_is_reported_once"
            )
        ]
