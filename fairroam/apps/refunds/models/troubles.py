"""What does not work, and what was tried against it."""

from django.db import models
from django.db.models import F, Q

CAUSES = ("technical", "no_coverage", "device_incompatible")  # as the rules name them
STEPS = ("roaming", "apn", "operator", "restart", "reinstall")  # the easiest first


class Trouble(models.Model):
    """The plan of an order line does not work: since when, why, and what the network knew then."""

    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="troubles")
    cause = models.CharField(max_length=19)
    opened_at = models.DateTimeField()
    restored_at = models.DateTimeField(null=True)  # they told us that it works
    network = models.JSONField()  # what the network had told when it was opened

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cause__in=CAUSES), name="a_trouble_has_a_known_cause"
            ),
            models.CheckConstraint(
                condition=Q(restored_at__isnull=True) | Q(restored_at__gte=F("opened_at")),
                name="a_trouble_is_over_after_it_began",
            ),
            models.UniqueConstraint(
                fields=["order_line"],
                condition=Q(restored_at__isnull=True),
                name="one_open_trouble_per_order_line",
            ),
        ]


class TroubleStep(models.Model):
    """Something that was tried against a trouble; each kind counts once."""

    trouble = models.ForeignKey(Trouble, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=9)
    done_at = models.DateTimeField()
    has_helped = models.BooleanField()
    network = models.JSONField()  # what the network had told when it was done

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trouble", "kind"], name="one_step_of_a_kind_per_trouble"
            ),
            models.CheckConstraint(condition=Q(kind__in=STEPS), name="a_step_is_of_a_known_kind"),
        ]
