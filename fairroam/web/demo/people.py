"""Who is in the demo: travellers with what is interesting about each, and people at the desk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import NAMESPACE_URL, uuid5

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.iso7064 import mod_97_10


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who bought what, and what is interesting about them. phones: how many they carry."""

    name: str
    email: str
    residence: str
    language: str
    plan_code: str
    story: str | Promise
    phones: int = 1

    @property
    def chips(self) -> tuple[str, ...]:
        """The EIDs of their own phones: people who share one are looked at by a person."""
        names = [self.email, *(f"{self.email}/{place}" for place in range(1, self.phones))]
        stems = [f"89049032{uuid5(NAMESPACE_URL, name).int % 10**22:022}" for name in names]
        return tuple(stem + str(mod_97_10.calc_check_digits(stem)) for stem in stems)


def _traveller(
    name: str, residence: str, language: str, plan_code: str, story: Promise
) -> Traveller:
    mailbox = name.split()[-1].lower()
    return Traveller(name, f"{mailbox}@example.com", residence, language, plan_code, story)


MEI = _traveller(
    "小梅 Mei",
    "DE",
    "zh-Hans",
    "japan-10gb-30d",
    _("lives in Germany, is in Japan, used a quarter of her plan"),
)
BEN = _traveller(
    "Ben", "FR", "en", "europe-5gb-15d", _("has bought an eSIM and not installed it yet")
)
CARLA = _traveller("Carla", "IT", "en", "europe-20gb-30d", _("used a tenth and got the rest back"))
DAN = _traveller(
    "Dan",
    "US",
    "en",
    "japan-10gb-30d",
    _("used a part where no law gives it back; a person will look at it"),
)
WEI = _traveller(
    "Wei",
    "DE",
    "zh-Hans",
    "keep-number-uk-90d",
    _("keeps a British number; the identity provider has recognised him"),
)
LENA = _traveller("Lena", "AT", "en", "europe-20gb-30d", _("has used half of her plan in six days"))
NILS = _traveller(
    "Nils", "SE", "en", "asia-day-pass-5d", _("is home again: his five days in Asia are over")
)
PIA = _traveller(
    "Pia", "NL", "en", "neighbours-10gb-90d", _("has paused her eSIM until the next trip")
)
YUSUF = _traveller(
    "Yusuf", "DE", "en", "keep-number-uk-90d", _("keeps a number; its 90 days end within a week")
)
ROSA = _traveller(
    "Rosa", "US", "en", "japan-10gb-30d", _("asked for more than is due; Max has made her an offer")
)
KARIM = _traveller(
    "Karim", "FR", "en", "europe-5gb-15d", _("has his money back decided; the bank still moves it")
)
IGOR = _traveller(
    "Igor", "PL", "en", "europe-5gb-15d", _("let his bank take the money back: a dispute is open")
)
HANA = _traveller(
    "Hana",
    "CZ",
    "en",
    "europe-20gb-30d",
    _("was without network for five hours in Portugal and was paid for it without asking"),
)
TOM = _traveller(
    "Tom", "IE", "en", "japan-10gb-30d", _("is leaving in 72 hours, and can still take it back")
)
PETRA = _traveller(
    "Petra", "ES", "en", "europe-5gb-15d", _("has left: erased, with a certificate in her mailbox")
)
ZOE = _traveller(
    "Zoe", "GR", "en", "trial-100mb-3d", _("tries the network for free, for three days")
)
YI_CHUN = replace(
    _traveller(
        "怡君 Yi-Chun",
        "TW",
        "zh-Hant",
        "asia-3gb-open",
        _("bought five eSIMs for her family; two are in use"),
    ),
    phones=5,
)
AIKO = _traveller(
    "Aiko", "JP", "en", "europe-5gb-15d", _("travels often: France, then Germany, then Spain")
)
OMAR = _traveller(
    "Omar", "BE", "en", "europe-5gb-15d", _("paid in advance: a balance, with a gift on top")
)
CAST = (
    *(MEI, BEN, LENA, CARLA, DAN, ROSA, KARIM, HANA, IGOR, WEI, YUSUF, PIA, NILS),
    *(YI_CHUN, AIKO, OMAR, ZOE, TOM, PETRA),
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
