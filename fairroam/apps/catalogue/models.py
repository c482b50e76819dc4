"""What is sold, taxed and promised: plans, where they work, tax rates, refund packs, the brand."""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from fairroam.rules.money import known_currencies
from fairroam.rules.residences import zones_by_country

RADIOS = ("3G", "4G", "5G")
# The trigger by which a change of any of these tables gives the catalogue a new edition.
NEW_EDITION = ("a_change_makes_a_new_edition",)
ACCENT, ACCENT_NIGHT = "#0a6552", "#74ccb2"  # jade, as in styles/tokens.css
# ITU-T E.212: country codes for tests and for networks of one's own; no operator of the world.
MCC_OF_NOBODY = ("001", "999")


def require_country(code: str) -> None:
    """Refuse what is no ISO 3166 country. Raises ValidationError."""
    if code not in zones_by_country():
        raise ValidationError("This is not the ISO 3166 code of a country.", code="country")


def require_currency(code: str) -> None:
    """Refuse what is no ISO 4217 currency. Raises ValidationError."""
    if code not in known_currencies():
        raise ValidationError("This is not the ISO 4217 code of a currency.", code="currency")


class Edition(models.Model):
    """What the catalogue says now, as one key: another one after every change. One row.

    The database writes it, in the transaction of the change; until the first one there is none.
    """

    key = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_edition")]


class Plan(models.Model):
    """A plan on offer. An order line keeps a copy, so that changing a plan changes no contract."""

    code = models.SlugField(unique=True)  # "japan-10gb-30d"
    names = models.JSONField()  # {"en": …, "zh-Hans": …}
    countries = models.JSONField()  # ["JP"], ISO 3166
    validity_days = models.PositiveIntegerField(null=True)  # null: it never ends by itself
    currency = models.CharField(max_length=3)
    price_minor = models.BigIntegerField()  # tax included, after discount
    list_price_minor = models.BigIntegerField()
    profile_type = models.CharField(max_length=40)  # what the carrier calls it
    promise = models.CharField(max_length=40, default="house")  # the pack of our own promise
    # The operator whose number comes with it, by its keep-alive rule; empty = data only.
    number_rule = models.CharField(max_length=40, default="")
    # Who sells the eSIM to us, under which name and price; empty = our own profile server.
    supplier = models.CharField(max_length=40, default="")
    supplier_package = models.CharField(max_length=80, default="")
    wholesale_minor = models.BigIntegerField(null=True)
    wholesale_currency = models.CharField(max_length=3, default="")
    is_offered = models.BooleanField(default=True)
    is_top_up = models.BooleanField(default=False)  # sold only for an eSIM that its buyer has
    is_trial = models.BooleanField(default=False)  # free, once per mailbox and chip; never sold
    is_profile_reusable = models.BooleanField(default=False)  # deleted, it can be had once more
    networks = models.JSONField(default=dict)  # {"JP": ["Example Mobile", …]}: what one may choose
    # How the plan may be used, in its own words and in figures, as known on `fair_use_on`.
    fair_use = models.JSONField(default=dict)  # {"en": …, "zh-Hans": …}; empty = nothing to say
    fair_use_on = models.DateField(null=True)
    is_hotspot_allowed = models.BooleanField(default=True)
    throttled_after_bytes = models.BigIntegerField(null=True)  # per plan day; null = never
    throttled_to_kbps = models.PositiveIntegerField(null=True)

    raw_constraints = NEW_EDITION

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_trial=False, price_minor__gt=0)
                | Q(is_trial=True, price_minor=0, list_price_minor=0, number_rule="", supplier="")
                & Q(validity_days__isnull=False, is_top_up=False),
                name="a_plan_costs_something_or_is_a_trial",
            ),
            models.CheckConstraint(
                condition=Q(list_price_minor__gte=F("price_minor")),
                name="list_price_is_at_least_the_price",
            ),
            models.CheckConstraint(
                condition=Q(validity_days__isnull=True) | Q(validity_days__gt=0),
                name="a_plan_lasts_a_day",
            ),
            models.CheckConstraint(
                condition=Q(validity_days__isnull=False) | Q(number_rule="", supplier=""),
                name="a_number_and_a_resold_plan_end",
            ),
            models.CheckConstraint(
                condition=Q(throttled_after_bytes__isnull=True, throttled_to_kbps__isnull=True)
                | Q(throttled_after_bytes__gt=0, throttled_to_kbps__gt=0),
                name="a_slower_plan_says_after_what_and_how_slow",
            ),
            models.CheckConstraint(
                condition=Q(supplier="", wholesale_minor__isnull=True)
                | ~Q(supplier="")
                & ~Q(supplier_package="")
                & ~Q(wholesale_currency="")
                & Q(wholesale_minor__gt=0),
                name="a_resold_plan_says_what_it_is_there_and_costs",
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

    raw_constraints = NEW_EDITION

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

    country = models.CharField(max_length=2, validators=[require_country])
    rate = models.CharField(  # "0.19"; text, since a float is not a rate
        max_length=8, validators=[RegexValidator(r"\A0(\.[0-9]+)?\Z", "Write it like 0.19.")]
    )
    from_on = models.DateField()
    source = models.CharField(max_length=200)

    raw_constraints = NEW_EDITION

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "from_on"], name="one_rate_per_country_and_day"
            )
        ]


class Operator(models.Model):
    """A mobile network, known by its codes (ITU-T E.212), whose leading zeros count."""

    country = models.CharField(max_length=2, validators=[require_country])
    name = models.CharField(max_length=60)
    mcc = models.CharField(
        max_length=3, validators=[RegexValidator(r"\A[0-9]{3}\Z", "Write three digits.")]
    )
    mnc = models.CharField(  # 26 and 260 are two networks
        max_length=3, validators=[RegexValidator(r"\A[0-9]{2,3}\Z", "Write two or three digits.")]
    )
    is_fictional = models.BooleanField(default=False)

    raw_constraints = NEW_EDITION

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mcc", "mnc"], name="one_operator_per_mcc_and_mnc"),
            models.CheckConstraint(
                condition=Q(is_fictional=True, mcc__in=MCC_OF_NOBODY)
                | Q(is_fictional=False) & ~Q(mcc__in=MCC_OF_NOBODY),
                name="a_fictional_operator_has_the_codes_of_nobody",
            ),
            models.CheckConstraint(
                condition=Q(mcc__regex="^[0-9]{3}$", mnc__regex="^[0-9]{2,3}$"),
                name="mcc_and_mnc_are_digits",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Tell invented networks and those of the world apart by their codes."""
        if self.is_fictional != (self.mcc in MCC_OF_NOBODY):
            raise ValidationError(
                {"mcc": f"Fictional operators, and only those, have {' or '.join(MCC_OF_NOBODY)}."}
            )


class Coverage(models.Model):
    """One radio of one operator that a type of profile may use in a country.

    The rows of one profile type, country, day and edition are a whole table. The newest day
    counts, and of its tables the last one: a later edition corrects what was told wrongly. Rows
    are added and never edited, so that what was said can be shown later.
    """

    profile_type = models.CharField(max_length=80)  # of a resold plan: the supplier's package
    country = models.CharField(max_length=2, validators=[require_country])
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="coverage")
    radio = models.CharField(max_length=2, choices=[(radio, radio) for radio in RADIOS])
    as_of = models.DateField()
    edition = models.PositiveSmallIntegerField(default=0)  # of that day's table
    source = models.CharField(max_length=200)

    raw_constraints = NEW_EDITION

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile_type", "country", "operator", "radio", "as_of", "edition"],
                name="a_radio_is_told_once_in_a_table",
            ),
            models.CheckConstraint(condition=Q(radio__in=RADIOS), name="a_radio_is_known"),
            models.CheckConstraint(condition=~Q(source=""), name="coverage_has_a_source"),
        ]


class Device(models.Model):
    """Whether a phone model takes an eSIM, as known on a day; the newest day counts."""

    class Esim(models.TextChoices):
        YES = "yes"
        NO = "no"
        VARIES = "varies"  # by where the phone was made for: `notes` say how

    maker = models.CharField(max_length=40)
    model = models.CharField(max_length=80)
    esim = models.CharField(max_length=6, choices=Esim.choices)
    notes = models.CharField(max_length=200, blank=True, default="")
    is_fictional = models.BooleanField(default=False)
    as_of = models.DateField()
    source = models.CharField(max_length=200)

    raw_constraints = NEW_EDITION

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["maker", "model", "as_of"], name="a_device_is_told_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(esim__in=["yes", "no", "varies"]), name="a_device_takes_esims_or_not"
            ),
            models.CheckConstraint(
                condition=~Q(esim="varies") | ~Q(notes=""), name="what_varies_is_explained"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="a_device_has_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.maker} {self.model}"

    def clean(self) -> None:
        """Ask for the words that a buyer needs."""
        if self.esim == self.Esim.VARIES and not self.notes:
            raise ValidationError({"notes": "Say what it varies by."})


class LocalTariff(models.Model):
    """What a SIM bought in the country costs, as seen on a day at a source; for comparison only.

    Rows are added and never edited; one that should not be shown any more is hidden.
    """

    country = models.CharField(max_length=2, validators=[require_country])
    operator = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    price_minor = models.BigIntegerField(validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, validators=[require_currency])
    granted_bytes = models.BigIntegerField(  # null = unlimited
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    days = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    is_fictional = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False)
    source = models.CharField(max_length=300)  # the address of the page where it was seen
    seen_on = models.DateField()

    raw_constraints = NEW_EDITION

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "operator", "name", "seen_on"],
                name="a_tariff_is_seen_once_a_day",
            ),
            models.CheckConstraint(
                condition=Q(price_minor__gte=0, days__gt=0), name="a_tariff_has_a_price_and_days"
            ),
            models.CheckConstraint(
                condition=Q(granted_bytes__isnull=True) | Q(granted_bytes__gt=0),
                name="a_tariff_grants_data",
            ),
            models.CheckConstraint(
                condition=Q(is_fictional=True) & ~Q(source="") | Q(source__startswith="https://"),
                name="a_tariff_names_the_page_where_it_was_seen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operator} {self.name}"

    def clean(self) -> None:
        """Ask for a page that everybody can open, but of an invented tariff."""
        if not self.is_fictional and not self.source.startswith("https://"):
            raise ValidationError({"source": "Give the address of the page, https://…"})


class Pack(models.Model):
    """One version of a refund pack; a change is a new version, never an edit."""

    name = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    content = models.JSONField()
    published_at = models.DateTimeField()

    raw_constraints = NEW_EDITION

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
    imprint = models.JSONField(default=dict)  # {"en": …}: what the law wants beside the address
    privacy = models.JSONField(default=dict)  # {"en": …, "zh-Hans": …}
    accent = models.CharField(max_length=7, default=ACCENT)  # by day
    accent_night = models.CharField(max_length=7, default=ACCENT_NIGHT)
    logo = models.BinaryField(default=bytes)  # made again by us; empty = the name alone
    logo_type = models.CharField(max_length=20, default="")
    logo_sha256 = models.CharField(max_length=64, default="")

    raw_constraints = NEW_EDITION

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_brand")]

    @property
    def has_own_accent(self) -> bool:
        """Whether pages take other colours than those of the style sheet."""
        return (self.accent, self.accent_night) != (ACCENT, ACCENT_NIGHT)
