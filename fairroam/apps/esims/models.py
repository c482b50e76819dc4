"""Lines (the service), profiles (the eSIMs that carry them) and the activation facts."""

from django.db import models
from django.db.models import Q

from fairroam.rules import stages

FACTS = ("ready", "downloaded", "installed", "enabled", "first_attach", "first_usage", "deleted")


class Line(models.Model):
    """The service that one order line bought. Lives until it is terminated."""

    order_line = models.OneToOneField("orders.OrderLine", models.PROTECT, related_name="line")
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="lines")
    is_live = models.BooleanField(null=True, default=True)
    stage = models.CharField(max_length=12, default="pending")
    end_key = models.UUIDField(null=True, unique=True)  # of the call that ends it at the network
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    raw_constraints = ("a_line_lives_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.LINE))),
                name="a_line_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage="terminated", is_live__isnull=True)
                | (~Q(stage="terminated") & Q(is_live=True)),
                name="a_line_lives_until_it_is_terminated",
            ),
        ]


class Profile(models.Model):
    """One eSIM profile at the carrier. The ICCID is an attribute: carriers use it again."""

    line = models.ForeignKey(Line, models.PROTECT, related_name="profiles")
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    is_live = models.BooleanField(null=True, default=True)  # null once cancelled, deleted, failed
    profile_type = models.CharField(max_length=40)
    stage = models.CharField(max_length=12, default="planned")
    iccid = models.CharField(max_length=20, null=True)
    matching_id = models.CharField(max_length=40, default="")  # a bearer secret with the address
    smdp_address = models.CharField(max_length=120, default="")
    eid = models.CharField(max_length=32, default="")
    planned_at = models.DateTimeField()

    raw_constraints = ("a_profile_lives_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.PROFILE))),
                name="a_profile_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(is_live=True) | Q(is_live__isnull=True),
                name="a_profile_lives_or_is_silent",
            ),
            models.UniqueConstraint(
                fields=["iccid"], condition=Q(is_live=True), name="an_iccid_is_in_one_live_profile"
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(is_live=True), name="a_line_has_one_live_profile"
            ),
        ]


class ActivationFact(models.Model):
    """Something the carrier or the network told about a profile, once per kind."""

    profile = models.ForeignKey(Profile, models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=14)
    happened_at = models.DateTimeField()
    source = models.CharField(max_length=20)  # es2plus | network | phone
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=FACTS), name="a_fact_has_a_known_kind"),
            models.UniqueConstraint(fields=["profile", "kind"], name="a_fact_is_recorded_once"),
        ]


class CarrierNotice(models.Model):
    """A progress notice as it came, kept also when its meaning is unknown."""

    iccid = models.CharField(max_length=20, db_index=True)
    eid = models.CharField(max_length=32, default="")
    point = models.CharField(max_length=20)
    succeeded = models.BooleanField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["iccid", "eid", "point", "happened_at"],
                name="a_carrier_notice_is_kept_once",
            )
        ]
