"""Random order lines and packs for Hypothesis: near the edges on purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

HOMES = [
    ("Europe/Berlin", "DE", "EUR"),
    ("Europe/Berlin", "DE-BY", "EUR"),
    ("Europe/Paris", "FR", "EUR"),
    ("Europe/London", "GB", "GBP"),
    ("Asia/Shanghai", "CN", "CNY"),
    ("Asia/Tokyo", "JP", "JPY"),
    ("Asia/Kuwait", "KW", "KWD"),
    ("Africa/Cairo", "EG", "EGP"),
    ("America/Sao_Paulo", "BR", "BRL"),
    ("America/Havana", "CU", "USD"),
    ("America/St_Johns", "CA-NL", "CAD"),
    ("Australia/Lord_Howe", "AU", "AUD"),
    ("Pacific/Apia", "WS", "USD"),
]
# About the days on which clocks jump, years turn and Samoa lost a day.
YEARS = st.sampled_from([2010, 2011, 2015, 2018, 2024, 2026, 2027])
HOUR, DAY = 3_600, 86_400
SPANS = st.one_of(
    st.integers(0, 45 * DAY),
    st.sampled_from([0, 1, HOUR, 21_600, DAY - 1, DAY, DAY + 1, 14 * DAY, 10 * DAY, 365 * DAY]),
)
AMOUNTS = st.one_of(st.integers(0, 10_000), st.sampled_from([0, 1, 2, 999, 10**12]))
SHARES = st.sampled_from(["0", "1/1000", "1/100", "0.25", "1/3", "1/2", "1"])
RATES = st.sampled_from(["0", "0.07", "0.10", "0.19", "0.255", "1"])
ACTIVATION = ["downloaded_at", "installed_at", "enabled_at", "first_attach_at", "first_usage_at"]
CONSENTS = ["notice_received_at", "express_request_at", "loss_acknowledged_at"]
INSTANTS = [
    "concluded_at",
    "paid_at",
    "ready_at",
    "declared_at",
    "received_at",
    *CONSENTS,
    *ACTIVATION,
    "starts_at",
    "ends_at",
]


def write(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Good facts; some lie after the declaration and have not happened yet."""
    zone, residence, currency = draw(st.sampled_from(HOMES))
    day_of_year = timedelta(seconds=draw(st.integers(0, 365 * DAY)))
    concluded = datetime(draw(YEARS), 1, 1, tzinfo=UTC) + day_of_year
    declared = concluded + timedelta(seconds=draw(SPANS))
    paid = draw(AMOUNTS)
    line: dict[str, Any] = {
        "currency": currency,
        "paid": paid,
        "zone": zone,
        "residence": residence,
        "concluded_at": write(concluded),
        "declared_at": write(declared),
        "tax_rate": draw(RATES),
        "cause": draw(st.sampled_from(["consumer", "trader"])),
    }
    for name in ["paid_at", "ready_at", *CONSENTS, *ACTIVATION]:
        when = draw(st.none() | st.just(0) | SPANS)
        line[name] = None if when is None else write(concluded + timedelta(seconds=when))
    if draw(st.booleans()):
        line["list_price"] = paid + draw(AMOUNTS)
    if draw(st.booleans()):
        line["received_at"] = write(declared + timedelta(seconds=draw(SPANS)))
    if draw(st.booleans()):
        line |= draw(validity(concluded))
    line["refunded"], line["pending"] = draw(paid_back(paid))
    if draw(st.booleans()):
        line["tenders"] = draw(tenders(paid, line["refunded"], line["pending"]))
    line["allowances"] = draw(st.lists(allowances(), max_size=3))
    line["outages"] = draw(st.lists(outages(concluded), max_size=4))
    line["trouble"] = draw(st.none() | troubles(concluded))
    return line


@st.composite
def validity(draw: st.DrawFn, concluded: datetime) -> dict[str, str]:
    starts = concluded + timedelta(seconds=draw(SPANS))
    return {
        "starts_at": write(starts),
        "ends_at": write(starts + timedelta(seconds=1 + draw(SPANS))),
    }


@st.composite
def paid_back(draw: st.DrawFn, paid: int) -> tuple[int, int]:
    refunded = draw(st.just(0) | st.integers(0, paid))
    return refunded, draw(st.just(0) | st.integers(0, paid - refunded))


@st.composite
def tenders(draw: st.DrawFn, paid: int, refunded: int, pending: int) -> list[dict[str, Any]]:
    """One to three tenders whose columns add up to those of the line."""
    count = draw(st.integers(1, 3))
    rows: list[dict[str, Any]] = []
    for number in range(count):
        is_last = number == count - 1
        back = refunded if is_last else draw(st.integers(0, refunded))
        coming = pending if is_last else draw(st.integers(0, pending))
        free = paid - refunded - pending
        kept = free if is_last else draw(st.integers(0, free))
        rows.append(
            {
                "id": f"t{number}",
                "method": draw(st.sampled_from(["card", "wallet", "voucher"])),
                "kind": draw(st.sampled_from(["cash", "credit", "promo"])),
                "captured": back + coming + kept,
                "refunded": back,
                "pending": coming,
                "disputed": draw(st.booleans()),
            }
        )
        paid, refunded, pending = paid - back - coming - kept, refunded - back, pending - coming
    return rows


@st.composite
def allowances(draw: st.DrawFn) -> dict[str, Any]:
    granted = draw(st.none() | st.sampled_from([0, 1, 7, 50, 10**9]))
    return {
        "kind": draw(st.sampled_from(["data", "voice", "sms"])),
        "granted": granted,
        "used": draw(st.just(0) | st.integers(0, 2 * (granted or 10))),
        "weight": draw(st.sampled_from([1, 3, 10, "0.7", "0.25", "2"])),
    }


@st.composite
def outages(draw: st.DrawFn, concluded: datetime) -> dict[str, str]:
    begins = concluded + timedelta(seconds=draw(SPANS))
    return {"from": write(begins), "until": write(begins + timedelta(seconds=draw(SPANS)))}


@st.composite
def troubles(draw: st.DrawFn, concluded: datetime) -> dict[str, Any]:
    opened = concluded + timedelta(seconds=draw(SPANS))
    restored = draw(st.none() | SPANS)
    return {
        "opened_at": write(opened),
        "steps_done": draw(st.integers(0, 5)),
        "restored_at": None if restored is None else write(opened + timedelta(seconds=restored)),
        "cause": draw(st.sampled_from(["technical", "no_coverage", "device_incompatible"])),
    }


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    window = {
        "n": draw(st.integers(1, 40)),
        "unit": draw(st.sampled_from(["day", "day", "business_day", "month", "hour"])),
        "from": draw(st.sampled_from(INSTANTS)),
    }
    if draw(st.booleans()):
        window["roll"] = draw(st.sampled_from(["none", "working_day"]))
    return window


def optional(draw: st.DrawFn, **choices: st.SearchStrategy[Any]) -> dict[str, Any]:
    return {name: draw(values) for name, values in choices.items() if draw(st.booleans())}


@st.composite
def grounds(draw: st.DrawFn, is_statutory: bool) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(FIELDS)))
    required, choices = FIELDS[kind]
    ground = {"ground": kind, **{name: draw(values) for name, values in required.items()}}
    ground |= optional(draw, **choices, window=windows())
    if kind != "goodwill" and not is_statutory:
        ground |= optional(draw, fee=st.sampled_from([0, 1, 350, 10**5]))
    return ground


FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "withdrawal": ({}, {"consents": st.booleans(), "lost_when_performed": st.booleans()}),
    "unactivated": ({"activation": st.sampled_from(ACTIVATION)}, {}),
    "unused": ({"activation": st.sampled_from(ACTIVATION)}, {"de_minimis": SHARES}),
    "unconsumed": ({}, {}),
    "outage": (
        {},
        {
            "min_seconds": st.sampled_from([0, 1, HOUR]),
            "unit": st.sampled_from(["second", "day"]),
            "day_seconds": st.sampled_from([1, 21_600, DAY, DAY + 1]),
            "full_from": st.sampled_from(["1/3", "1/2", "1"]),
        },
    ),
    "unusable": (
        {},
        {
            "steps": st.integers(0, 4),
            "cure_seconds": st.sampled_from([0, 2 * DAY, 10 * DAY]),
            "full_if_used_at_most": SHARES,
        },
    ),
    "incompatible": ({}, {}),
    "goodwill": ({"cap_share": SHARES}, {}),
}


@st.composite
def packs(draw: st.DrawFn) -> dict[str, Any]:
    is_statutory = draw(st.booleans())
    pack = {
        "pack": draw(st.sampled_from(["law", "house", "plan"])),
        "version": draw(st.integers(1, 3)),
        "grounds": draw(st.lists(grounds(is_statutory), min_size=1, max_size=4)),
    }
    if is_statutory or draw(st.booleans()):
        pack["statutory"] = is_statutory
    measure = optional(
        draw,
        by=st.sampled_from(["weights", "largest", "time"]),
        time_unit=st.sampled_from(["second", "day"]),
    )
    return pack | optional(
        draw,
        basis=st.sampled_from(["agreed", "list", "by_cause"]),
        measure=st.just(measure),
        retain_rounding=st.sampled_from(["floor", "half_up"]),
        pay_within_days=st.sampled_from([0, 7, 14]),
    )


PACKS = st.lists(packs(), min_size=1, max_size=3)
