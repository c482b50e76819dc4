"""What is sold, taxed and promised: plans, prices, tax rates, refund packs, the brand."""

from django.db import models
from django.db.models import F, Q


class Plan(models.Model):
    """A plan on offer. An order line keeps a copy, so that changing a plan changes no contract."""

    code = models.SlugField(unique=True)  # "japan-10gb-30d"
    names = models.JSONField()  # {"en": …, "zh-Hans": …}
    countries = models.JSONField()  # ["JP"], ISO 3166
    validity_days = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    price_minor = models.BigIntegerField()  # tax included, after discount
    list_price_minor = models.BigIntegerField()
    profile_type = models.CharField(max_length=40)  # what the carrier calls it
    promise = models.CharField(max_length=40, default="house")  # the pack of our own promise
    # The operator whose number comes with it, by its keep-alive rule; empty = data only.
    number_rule = models.CharField(max_length=40, default="")
    is_offered = models.BooleanField(default=True)
    is_profile_reusable = models.BooleanField(default=False)  # deleted, it can be had once more
    networks = models.JSONField(default=dict)  # {"JP": ["Example Mobile", …]}: what one may choose
    # How the plan may be used, in its own words and in figures, as known on `fair_use_on`.
    fair_use = models.JSONField(default=dict)  # {"en": …, "zh-Hans": …}; empty = nothing to say
    fair_use_on = models.DateField(null=True)
    is_hotspot_allowed = models.BooleanField(default=True)
    throttled_after_bytes = models.BigIntegerField(null=True)  # per plan day; null = never
    throttled_to_kbps = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="a_plan_costs_something"),
            models.CheckConstraint(
                condition=Q(list_price_minor__gte=F("price_minor")),
                name="list_price_is_at_least_the_price",
            ),
            models.CheckConstraint(condition=Q(validity_days__gt=0), name="a_plan_lasts_a_day"),
            models.CheckConstraint(
                condition=Q(throttled_after_bytes__isnull=True, throttled_to_kbps__isnull=True)
                | Q(throttled_after_bytes__gt=0, throttled_to_kbps__gt=0),
                name="a_slower_plan_says_after_what_and_how_slow",
            ),
            models.CheckConstraint(
                condition=Q(fair_use={}) | Q(fair_use_on__isnull=False),
                name="a_rule_of_fair_use_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PlanAllowance(models.Model):
    """How much of one kind a plan grants, and its published weight in the price."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="allowances")
    kind = models.CharField(max_length=5)  # data | voice | sms
    granted = models.BigIntegerField(null=True)  # bytes, seconds, messages; null = unlimited
    weight = models.CharField(max_length=12, default="1")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["data", "voice", "sms"]), name="an_allowance_has_a_known_kind"
            ),
            models.UniqueConstraint(
                fields=["plan", "kind"], name="one_allowance_per_plan_and_kind"
            ),
        ]


class TaxRate(models.Model):
    """The tax inside a price for customers of one country, from a day on."""

    country = models.CharField(max_length=2)
    rate = models.CharField(max_length=8)  # "0.19"; text, since a float is not a rate
    from_on = models.DateField()
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "from_on"], name="one_rate_per_country_and_day"
            )
        ]


class Pack(models.Model):
    """One version of a refund pack; a change is a new version, never an edit."""

    name = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    content = models.JSONField()
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "version"], name="a_pack_version_is_published_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class Brand(models.Model):
    """Who sells: one row."""

    name = models.CharField(max_length=60, default="fairroam")
    legal_name = models.CharField(max_length=120)
    address = models.TextField()
    tax_number = models.CharField(max_length=40)
    email = models.EmailField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_brand")]
