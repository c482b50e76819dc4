"""What we buy from suppliers for our customers' lines, and the money that we ask back there.

What we owe a customer never waits for any of this.
"""

from django.db import models
from django.db.models import F, Q

from fairroam.rules import stages


class SupplierOrder(models.Model):
    """One eSIM that a supplier sells us for one order line, from the first call on.

    The supplier knows the eSIM by (supplier, esim_ref); the ICCID describes it for a while.
    """

    order_line = models.OneToOneField(
        "orders.OrderLine", models.PROTECT, primary_key=True, related_name="supplier_order"
    )
    profile = models.ForeignKey("esims.Profile", models.PROTECT)
    supplier = models.CharField(max_length=40)
    package = models.CharField(max_length=80)
    key = models.UUIDField(unique=True)  # of the order, stored before the call
    stage = models.CharField(max_length=12, default="planned")
    order_ref = models.CharField(max_length=80, default="")
    esim_ref = models.CharField(max_length=80, default="")
    iccid = models.CharField(max_length=20, default="")
    reason = models.CharField(max_length=60, default="")  # the supplier's code of a refusal
    cost_minor = models.BigIntegerField()  # as expected by our catalogue, then as it was taken
    currency = models.CharField(max_length=3)
    usage_lag_seconds = models.PositiveIntegerField(default=0)  # as the supplier states it
    planned_at = models.DateTimeField()
    next_call_at = models.DateTimeField()  # an earlier call may still be on its way until then
    stuck_at = models.DateTimeField(null=True)  # its answers contradict each other: a person looks
    delivered_at = models.DateTimeField(null=True)
    # The last reading: what was used in all, and until when the supplier had counted.
    used_bytes = models.BigIntegerField(default=0)
    used_as_of = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.SUPPLIER_ORDER))),
                name="a_supplier_order_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage="delivered", delivered_at__isnull=False) & ~Q(esim_ref="")
                | ~Q(stage="delivered") & Q(delivered_at__isnull=True, esim_ref=""),
                name="a_delivered_order_names_its_esim",
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0), name="an_esim_costs_nothing_or_more"
            ),
            models.UniqueConstraint(
                fields=["supplier", "esim_ref"],
                condition=~Q(esim_ref=""),
                name="an_esim_of_a_supplier_is_ours_once",
            ),
        ]
        indexes = [
            models.Index(fields=["supplier", "order_ref"]),
            models.Index(fields=["supplier", "iccid"]),
        ]


class SupplierTopUp(models.Model):
    """One pack that a supplier sells us for an eSIM which it sold us before.

    lost_minor: how much of the cost customers got back from us; a supplier takes no pack back.
    """

    order_line = models.OneToOneField(
        "orders.OrderLine", models.PROTECT, primary_key=True, related_name="supplier_top_up"
    )
    esim = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="top_ups")
    package = models.CharField(max_length=80)
    key = models.UUIDField(unique=True)  # of the call, stored before it
    stage = models.CharField(max_length=12, default="planned")
    top_up_ref = models.CharField(max_length=80, default="")
    reason = models.CharField(max_length=60, default="")  # the supplier's code of a refusal
    cost_minor = models.BigIntegerField()  # as expected by our catalogue, then as it was taken
    lost_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    planned_at = models.DateTimeField()
    next_call_at = models.DateTimeField()  # an earlier call may still be on its way until then
    stuck_at = models.DateTimeField(null=True)  # it answered about something else: a person looks
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.SUPPLIER_TOP_UP))),
                name="a_supplier_top_up_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage="delivered", delivered_at__isnull=False)
                | ~Q(stage="delivered") & Q(delivered_at__isnull=True, lost_minor=0),
                name="only_a_delivered_top_up_can_be_lost",
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0, lost_minor__gte=0, lost_minor__lte=F("cost_minor")),
                name="no_more_of_a_top_up_is_lost_than_it_cost",
            ),
        ]


class SupplierClaim(models.Model):
    """What becomes of an eSIM's price once its line is taken off: a clock of its own.

    lost_minor: how much of the price customers got back from us and we do not from the supplier.
    """

    supplier_order = models.OneToOneField(
        SupplierOrder, models.PROTECT, primary_key=True, related_name="claim"
    )
    stage = models.CharField(max_length=14, default="open")
    key = models.UUIDField(unique=True)  # of the call that asks for the money, stored before it
    claim_ref = models.CharField(max_length=80, default="")
    next_call_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    credited_minor = models.BigIntegerField(default=0)
    lost_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.SUPPLIER_CLAIM))),
                name="a_claim_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.terminal(stages.SUPPLIER_CLAIM)))
                & Q(settled_at__isnull=False)
                | ~Q(stage__in=sorted(stages.terminal(stages.SUPPLIER_CLAIM)))
                & Q(settled_at__isnull=True),
                name="a_claim_is_settled_at_its_end",
            ),
            models.CheckConstraint(
                condition=Q(credited_minor__gte=0, lost_minor__gte=0)
                & (Q(credited_minor=0) | Q(stage__in=["auto_cancelled", "credited"])),
                name="only_a_recovered_claim_brought_money",
            ),
        ]


class SupplierBalance(models.Model):
    """Our credit at a supplier as it told us, and what our books said in that moment."""

    supplier = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()
    booked_minor = models.BigIntegerField()  # what our books have taken from it so far, if positive
    is_low = models.BooleanField()
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["supplier", "-asked_at"], name="newest_balance")]


class SupplierHint(models.Model):
    """A webhook that was heard: its copies do nothing, and itself only makes us ask.

    told_at: when a job to ask was made; null while the eSIM was asked about too often.
    asked_at: when asking began; what is heard before that adds nothing to this hint.
    """

    supplier = models.CharField(max_length=40)
    event_id = models.CharField(max_length=200)
    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, null=True)
    kind = models.CharField(max_length=40, default="")
    heard_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["supplier", "event_id"], name="a_hint_is_heard_once"),
            models.UniqueConstraint(
                fields=["supplier_order"],
                condition=Q(asked_at__isnull=True),
                name="one_hint_of_an_esim_waits",
            ),
        ]
