"""Who is in the demo: travellers with what is interesting about each, and people at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.iso7064 import mod_97_10


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who bought what, how far they are, and what they do next."""

    name: str
    email: str
    residence: str
    language: str
    plan_code: str
    story: str | Promise
    used_bytes: int | None = None  # None: the eSIM is not in a phone
    wants_money_back: bool = False
    keeps_number: bool = False

    @property
    def eid(self) -> str:
        """The chip of their own phone: people who share one are looked at by a person."""
        stem = f"89049032{uuid5(NAMESPACE_URL, self.email).int % 10**22:022}"
        return stem + str(mod_97_10.calc_check_digits(stem))


CAST = (
    Traveller(
        "小梅 Mei",
        "mei@example.com",
        "DE",
        "zh-Hans",
        "japan-10gb-30d",
        _("lives in Germany, is in Japan, used a quarter of her plan"),
        used_bytes=2_500_000_000,
    ),
    Traveller(
        "Ben",
        "ben@example.com",
        "FR",
        "en",
        "europe-5gb-15d",
        _("has bought an eSIM and not installed it yet"),
    ),
    Traveller(
        "Carla",
        "carla@example.com",
        "IT",
        "en",
        "europe-20gb-30d",
        _("used a tenth and got the rest back"),
        used_bytes=2_000_000_000,
        wants_money_back=True,
    ),
    Traveller(
        "Dan",
        "dan@example.com",
        "US",
        "en",
        "japan-10gb-30d",
        _("used a part where no law gives it back; a person will look at it"),
        used_bytes=4_000_000_000,
        wants_money_back=True,
    ),
    Traveller(
        "Wei",
        "wei@example.com",
        "DE",
        "zh-Hans",
        "keep-number-uk-90d",
        _("keeps a British number; the identity provider has recognised him"),
        keeps_number=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Who stands at the desk, and as what."""

    name: str
    email: str
    role: str
    story: str | Promise


STAFF = (
    Colleague(
        "Max",
        "max@fairroam.example",
        "agent",
        _("stands at the desk and decides what the rules leave open"),
    ),
    Colleague(
        "Nora",
        "nora@fairroam.example",
        "senior",
        _("decides larger amounts, and is the second person where two must agree"),
    ),
    Colleague(
        "Olga",
        "olga@fairroam.example",
        "operator",
        _("runs the brand: the team, its limits, outages, the books"),
    ),
    Colleague(
        "Otto",
        "otto@fairroam.example",
        "operator",
        _("the second operator: confirms what Olga has counted before it goes to everybody"),
    ),
)
