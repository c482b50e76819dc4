"""Lines (the service), profiles (the eSIMs that carry them) and the activation facts."""

from django.db import models
from django.db.models import Q

from fairroam.rules import stages

# In the order of a profile's life; the network tells the two first ones of its own.
FACTS = ("ready", "downloaded", "installed", "enabled", "first_attach", "first_usage", "deleted")
ACTS = ("suspend", "resume", "deactivate", "activate_again", "change_phone", "choose_network")
CALLS = ("", "suspend", "resume", "end", "cancel", "prefer")  # all but `cancel` to the network


class Line(models.Model):
    """The service that one order line bought, with the same id. Lives until it is terminated."""

    order_line = models.OneToOneField(
        "orders.OrderLine", models.PROTECT, primary_key=True, related_name="line"
    )
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="lines")
    is_live = models.BooleanField(null=True, default=True)
    stage = models.CharField(max_length=12, default="pending")
    end_key = models.UUIDField(null=True, unique=True)  # of the call that ends it at the network
    name = models.CharField(max_length=40, default="")  # the customer's own: "Mum's phone"
    # Country -> the operator that the customer wants there; the network is told, too.
    preferred_networks = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    ending_at = models.DateTimeField(null=True)  # we began to take it off
    stuck_at = models.DateTimeField(null=True)  # nobody proved it off for long: a person looks
    ended_at = models.DateTimeField(null=True)  # proven off

    raw_constraints = ("a_line_lives_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.LINE))),
                name="a_line_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage="terminated", is_live__isnull=True, ended_at__isnull=False)
                | (~Q(stage="terminated") & Q(is_live=True, ended_at__isnull=True)),
                name="a_line_lives_until_it_is_terminated",
            ),
            models.CheckConstraint(
                condition=~Q(stage="terminating")
                | Q(end_key__isnull=False, ending_at__isnull=False),
                name="the_key_of_an_end_is_stored_before_the_call",
            ),
        ]


class Profile(models.Model):
    """One eSIM profile at the carrier. The ICCID is an attribute: carriers use it again."""

    line = models.ForeignKey(Line, models.PROTECT, related_name="profiles")
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    # Null once cancelled, deleted or failed, and once its line is terminated.
    is_live = models.BooleanField(null=True, default=True)
    profile_type = models.CharField(max_length=40)
    is_reusable = models.BooleanField(default=False)  # deleted, the carrier gives it out again
    stage = models.CharField(max_length=12, default="planned")
    iccid = models.CharField(max_length=20, null=True)  # chosen and stored before it is ordered
    matching_id = models.CharField(max_length=40, default="")  # a bearer secret with the address
    smdp_address = models.CharField(max_length=120, default="")
    eid = models.CharField(max_length=32, default="")
    planned_at = models.DateTimeField()
    helped_at = models.DateTimeField(null=True)  # told that it is installed and finds no network

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
            models.CheckConstraint(
                condition=Q(is_live__isnull=True)
                | ~Q(stage__in=sorted(stages.terminal(stages.PROFILE))),
                name="an_ended_profile_does_not_live",
            ),
            models.UniqueConstraint(
                fields=["iccid"], condition=Q(is_live=True), name="an_iccid_is_in_one_live_profile"
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(is_live=True), name="a_line_has_one_live_profile"
            ),
        ]
        indexes = [models.Index(fields=["iccid"])]


class LineAct(models.Model):
    """What somebody wanted of a line, and what came of it. One at a time is under way."""

    line = models.ForeignKey(Line, models.PROTECT, related_name="acts")
    profile = models.ForeignKey(Profile, models.PROTECT)  # the one it was wanted of
    kind = models.CharField(max_length=16)
    stage = models.CharField(max_length=10, default="asked")
    is_live = models.BooleanField(null=True, default=True)
    key = models.UUIDField(unique=True)  # of the call to the network, stored before it
    call = models.CharField(max_length=8)  # the next one to make; empty = none (any more)
    wish = models.JSONField(default=dict)  # {"country": "JP", "operator": …} for a choice
    reason = models.CharField(max_length=40, default="")  # the code of a refusal
    actor = models.CharField(max_length=40)
    asked_at = models.DateTimeField()
    stuck_at = models.DateTimeField(null=True)  # answers contradict each other: a person looks
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.LINE_ACT))),
                name="an_act_has_a_known_stage",
            ),
            models.CheckConstraint(condition=Q(kind__in=ACTS), name="an_act_has_a_known_kind"),
            models.CheckConstraint(condition=Q(call__in=CALLS), name="an_act_makes_a_known_call"),
            models.CheckConstraint(
                condition=Q(stage="asked", is_live=True, ended_at__isnull=True)
                | (~Q(stage="asked") & Q(is_live__isnull=True, ended_at__isnull=False)),
                name="an_act_lives_until_its_outcome_is_known",
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(is_live=True), name="a_line_has_one_act_under_way"
            ),
        ]


class CodeLink(models.Model):
    """A mailed link that shows one order's lines to one browser: once, for half an hour."""

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="code_links")
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ActivationFact(models.Model):
    """Something the carrier or the network told about a profile: the earliest of each kind."""

    profile = models.ForeignKey(Profile, models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=14)
    happened_at = models.DateTimeField()
    source = models.CharField(max_length=20)  # es2plus | network
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=FACTS), name="a_fact_has_a_known_kind"),
            models.UniqueConstraint(fields=["profile", "kind"], name="a_fact_is_recorded_once"),
        ]


class CarrierNotice(models.Model):
    """A progress notice as it came, kept also when its meaning or its ICCID is unknown."""

    key_sha256 = models.CharField(max_length=64, unique=True)  # the same for every copy of it
    iccid = models.CharField(max_length=20, db_index=True)
    eid = models.CharField(max_length=32, default="")
    point = models.CharField(max_length=20)
    succeeded = models.BooleanField()
    happened_at = models.DateTimeField(null=True)  # the sender's clock; null = it named none
    received_at = models.DateTimeField()
