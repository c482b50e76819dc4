"""Lines (the service), profiles (the eSIMs that carry them), activation facts, and numbers."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Collate, Reverse

from fairroam.rules import stages

# In the order of a profile's life; the network tells the two first ones of its own.
FACTS = ("ready", "downloaded", "installed", "enabled", "first_attach", "first_usage", "deleted")
ACTS = ("suspend", "resume", "deactivate", "activate_again", "change_phone", "choose_network")
LOST = ("disconnected", "quarantined", "recycled")  # stages of a number that nobody has any more
CALLS = ("", "suspend", "resume", "end", "cancel", "prefer")  # all but `cancel` to the network
CARRIER_FUNCTIONS = ("order_profile", "confirm_order", "release_profile", "cancel_order")


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
                # A bare `is_live = true` is unknown for null, and a check lets the unknown pass.
                condition=Q(stage="terminated", is_live__isnull=True, ended_at__isnull=False)
                | (
                    ~Q(stage="terminated")
                    & Q(is_live=True, is_live__isnull=False, ended_at__isnull=True)
                ),
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
        indexes = [
            models.Index(fields=["iccid"]),
            # People read out its last digits.
            models.Index(Collate(Reverse("iccid"), "C"), name="profiles_by_iccid_end"),
        ]


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
                condition=Q(
                    stage="asked", is_live=True, is_live__isnull=False, ended_at__isnull=True
                )
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


class CarrierCall(models.Model):
    """A call to the carrier: one row before it is sent, another for its outcome. Never edited.

    Both sides' logs know the call by `call_id`; one without an outcome broke off with us.
    """

    profile = models.ForeignKey(Profile, models.PROTECT, related_name="carrier_calls")
    function = models.CharField(max_length=16)
    iccid = models.CharField(max_length=20)
    call_id = models.UUIDField()
    outcome = models.CharField(max_length=40)  # sent, then done, unknown, or why it was refused
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(function__in=CARRIER_FUNCTIONS),
                name="a_carrier_call_has_a_known_function",
            ),
            models.UniqueConstraint(
                fields=["call_id"], condition=Q(outcome="sent"), name="a_carrier_call_is_sent_once"
            ),
            models.UniqueConstraint(
                fields=["call_id"],
                condition=~Q(outcome="sent"),
                name="a_carrier_call_has_one_outcome",
            ),
        ]


class Number(models.Model):
    """A number while an operator has it for us. Names nobody, so that it may stay for ever.

    Once it is recycled the same digits are another number: another row, for another person.
    """

    e164 = models.CharField(max_length=16)  # "+447700900123"
    rule = models.CharField(max_length=40)  # its operator's, without a version: rules.keep_alive
    donor = models.CharField(max_length=60, default="")  # who had it before, if it was ported in
    stage = models.CharField(max_length=18, default="available")
    stocked_at = models.DateTimeField()
    disconnected_at = models.DateTimeField(null=True)
    disconnect_reason = models.CharField(max_length=40, default="")
    quarantine_until = models.DateTimeField(null=True)  # null: the operator does not say

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.NUMBER))),
                name="a_number_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(e164__regex=r"^\+[1-9][0-9]{6,14}$"), name="a_number_is_e164"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=LOST, disconnected_at__isnull=False)
                | (~Q(stage__in=LOST) & Q(disconnected_at__isnull=True)),
                name="a_lost_number_says_since_when",
            ),
            models.UniqueConstraint(
                fields=["e164"],
                condition=~Q(stage__in=sorted(stages.terminal(stages.NUMBER))),
                name="a_number_is_in_stock_once",
            ),
        ]


class Keeping(models.Model):
    """A line with a number, or waiting for one: the line is the key, never the number."""

    line = models.OneToOneField(Line, models.PROTECT, primary_key=True, related_name="keeping")
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    is_live = models.BooleanField(null=True, default=True)
    stage = models.CharField(max_length=20, default="waiting_for_identity")
    review_reason = models.CharField(max_length=20, default="")  # why a person decides
    rule = models.CharField(max_length=40)
    number = models.ForeignKey(Number, models.PROTECT, null=True)  # cut when a person is erased
    asked_at = models.DateTimeField()
    kept_from = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # The last warning: for which deadline, and how many days before it.
    warned_deadline = models.DateTimeField(null=True)
    warned_days = models.PositiveIntegerField(null=True)
    # The version of the rule whose act and price the customer agreed to; empty = no automatic act.
    automatic_rule = models.CharField(max_length=60, default="")
    automatic_agreed_at = models.DateTimeField(null=True)
    paid_until = models.DateTimeField(null=True)
    renews = models.BooleanField(default=True)
    renewal = models.ForeignKey("orders.Order", models.PROTECT, null=True)  # of the next period

    raw_constraints = ("a_keeping_lives_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.KEEPING))),
                name="a_keeping_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["refused", "ended"], is_live__isnull=True)
                | (~Q(stage__in=["refused", "ended"]) & Q(is_live=True, is_live__isnull=False)),
                name="a_keeping_lives_until_it_ends",
            ),
            models.CheckConstraint(
                condition=~Q(stage="kept") | Q(number__isnull=False, kept_from__isnull=False),
                name="what_is_kept_is_a_number",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=Q(is_live=True), name="a_number_is_on_one_live_line"
            ),
        ]


class QualifyingAct(models.Model):
    """Something done with a kept line. Whether it counts is for the rule to say."""

    keeping = models.ForeignKey(Keeping, models.PROTECT, related_name="qualifying_acts")
    kind = models.CharField(max_length=14)
    happened_at = models.DateTimeField()
    source = models.CharField(max_length=20)  # us | network | automatic
    ref = models.CharField(max_length=401)  # as long as a usage record's "source/record id"
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "ref"], name="an_act_is_recorded_once")
        ]


class KeepAlive(models.Model):
    """An act that we do for the customer so that the number is kept; one per deadline."""

    keeping = models.ForeignKey(Keeping, models.PROTECT, related_name="keep_alives")
    key = models.UUIDField(unique=True)  # of the call, stored before it
    act = models.CharField(max_length=14)
    rule = models.CharField(max_length=60)  # the version that allows it
    deadline = models.DateTimeField()
    stage = models.CharField(max_length=10, default="asked")
    reason = models.CharField(max_length=40, default="")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.KEEP_ALIVE))),
                name="a_keep_alive_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["keeping", "deadline"], name="one_automatic_act_per_deadline"
            ),
        ]


class PortOut(models.Model):
    """A customer's wish to take the number along, and the code for it: a bearer secret."""

    keeping = models.ForeignKey(Keeping, models.PROTECT, related_name="port_outs")
    key = models.UUIDField(unique=True)
    stage = models.CharField(max_length=10, default="asked")
    is_live = models.BooleanField(null=True, default=True)
    code = models.CharField(max_length=200, default="")  # emptied once it is over
    expires_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, default="")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.PORT_OUT))),
                name="a_port_out_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["asked", "issued"], is_live=True, is_live__isnull=False)
                | (~Q(stage__in=["asked", "issued"]) & Q(is_live__isnull=True, code="")),
                name="no_code_outlives_its_time",
            ),
            models.UniqueConstraint(
                fields=["keeping"], condition=Q(is_live=True), name="one_port_out_at_a_time"
            ),
        ]


class IdentityCheck(models.Model):
    """Whether we know who a customer is: the answer of a provider, or of a person at the desk.

    person_sha256: the same for the same person, keyed, so that nobody reads a person out of it.
    """

    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    key = models.UUIDField(unique=True)
    stage = models.CharField(max_length=14, default="asked")
    check_ref = models.CharField(max_length=200, default="")
    page_url = models.CharField(max_length=500, default="")  # a secret link, emptied at the end
    person_sha256 = models.CharField(max_length=64, default="", db_index=True)
    decided_by = models.CharField(max_length=40, default="")  # provider | staff:3
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.IDENTITY))),
                name="an_identity_check_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(stage__in=["asked", "started", "with_a_person"]),
                name="one_identity_check_at_a_time",
            ),
        ]
