"""The trip finder: what people type, what it finds, and the link that says nothing of them."""

from __future__ import annotations

from datetime import date, timedelta
from unicodedata import normalize
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pypinyin import lazy_pinyin

from fairroam import clock
from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.journal.models import Event
from fairroam.web.site import places
from fairroam.web.site.trips import shared_days
from tests import given
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
FIRST = clock.now().date() + timedelta(days=14)
WEEK = {
    "starts": FIRST.isoformat(),
    "ends": (FIRST + timedelta(days=6)).isoformat(),
    "kind": "social",
}
JAPAN = {**WEEK, "to": "JP"}


@pytest.mark.promise(8)
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Japan", ["JP"]),
        ("日本", ["JP"]),
        ("riben", ["JP"]),
        ("ri ben", ["JP"]),
        ("rb", ["JP"]),
        ("jpn", ["JP"]),
        ("南韓", ["KR"]),
        ("韓國", ["KR"]),
        ("韩国", ["KR"]),
        ("hanguo", ["KR"]),
        ("uk", ["GB"]),
        ("usa", ["US"]),
        ("臺灣", ["TW"]),
        ("義大利", ["IT"]),
        ("意大利", ["IT"]),
        ("Hong Kong", ["HK"]),
        ("xianggang", ["HK"]),
        ("中国香港", ["HK"]),
        ("Tokyo", ["JP"]),
        ("东京", ["JP"]),
        ("東京", ["JP"]),
        ("dongjing", ["JP"]),
        ("new york", ["US"]),
        ("bali", ["ID", "BH"]),
        ("England", ["GB"]),
        ("korea", ["KP", "KR"]),
        ("narnia", []),
        ("", []),
    ],
)
def test_a_country_is_found_by_name_code_pinyin_and_initials(typed, meant):
    assert places.found(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("japn", "JP"),
        ("Thialand", "TH"),
        ("germny", "DE"),
        ("swizerland", "CH"),
        ("hanguoo", "KR"),
        ("Poalnd", "PL"),
        ("narnia", None),
        ("atlantis", None),
        ("xyz", None),
        ("鉐本", None),
    ],
)
def test_a_slip_of_the_finger_is_asked_about(typed, meant):
    assert next(iter(places.near(typed)), None) == meant


@pytest.mark.parametrize(
    ("days", "said", "shared"),
    [
        (7, [0, 0], [4, 3]),
        (7, [5, 0], [5, 2]),
        (7, [5, 2], [5, 2]),
        (7, [5, 5], [4, 3]),
        (7, [7, 0], [4, 3]),
        (9, [0, 3, 0], [3, 3, 3]),
        (1, [0], [1]),
    ],
)
def test_days_are_shared_as_was_said_where_that_adds_up(days, said, shared):
    assert shared_days(days, said) == shared


@pytest.mark.promise(8)
def test_what_is_typed_becomes_a_link_of_countries_and_dates(client):
    answer = client.get("/trip/", {**WEEK, "search": "日本, hanguo", "to": "TH", "number": ""})

    assert parse_qs(urlsplit(answer["Location"]).query) == {
        "to": ["TH", "JP", "KR"],
        **{name: [value] for name, value in WEEK.items()},
    }


@pytest.mark.promise(8)
def test_ways_are_listed_with_the_whole_price_and_their_reasons(client):
    answer = client.get("/trip/", JAPAN)
    ways = answer.context["found"].ways

    assert [way.bought[0].plan.code for way in ways][:2] == ["japan-10gb-30d", "world-1gb-7d"]
    assert [one.way.total_minor for one in ways] == sorted(one.way.total_minor for one in ways)
    assert (ways[1].way.total_minor, ways[1].bought[0].purchase.more) == (490 + 4 * 390, 4)
    words = words_of(answer)
    assert "7 days, 4.9 GB of data" in words
    assert "our own assumption, not measured" in words
    assert "The lowest price for the whole trip." in words
    assert "2 packs, since one has too little data" in words


def test_a_trip_through_two_countries_asks_for_the_days_in_each(client):
    answer = client.get("/trip/", {**WEEK, "to": ["JP", "TH"], "days-JP": "2"})
    stops = answer.context["found"].trip.stops

    assert [(stop.country, stop.days) for stop in stops] == [("JP", 2), ("TH", 5)]
    assert 'name="days-JP"' in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"search": "korea"}, 200, "Which one is “korea”?"),
        ({"to": [], "search": ""}, 422, "Name a country to begin."),
        ({"to": [], "search": "japn"}, 200, "Did you mean this by “japn”?"),
        ({"starts": "2020-01-01", "ends": "2020-01-05"}, 422, "These days are over."),
        ({"search": "narnia"}, 200, "We know no country named “narnia”."),
        ({"to": "GL"}, 200, "We have no plan for Greenland."),
        ({"gigabytes": "900"}, 200, "No plan of ours covers all of this trip."),
        ({"ends": (FIRST - timedelta(days=1)).isoformat()}, 422, "The trip ends before it begins."),
        ({"ends": (FIRST + timedelta(days=90)).isoformat()}, 422, "We plan up to 90 days at once."),
        ({"to": ["JP", "TH"], "ends": FIRST.isoformat()}, 422, "more countries than days"),
        ({"to": ["JP"] * 3 + ["KR", "TH", "MY", "SG", "ID", "VN", "TW", "HK"]}, 422, "8 countries"),
        ({"starts": "soon"}, 422, "Enter a valid date."),
        ({"to": "XX"}, 200, "Name a country to begin."),
    ],
)
def test_what_cannot_be_planned_is_said_with_what_to_do(client, changed, status, said):
    answer = client.get("/trip/", JAPAN | changed)

    assert answer.status_code == status
    assert said in words_of(answer)


@pytest.mark.promise(9)
def test_a_local_sim_is_compared_with_its_source_and_day_and_nothing_without_a_row(client):
    page = client.get("/trip/", JAPAN)
    words = words_of(page)

    assert {row.name: row.is_old for row in catalogue.tariffs(["JP"], date(2025, 11, 2))} == {
        "Visitor SIM 5 GB": False,
        "Airport SIM": True,
    }
    assert "¥3,300" in words
    assert "15 January 2025 old: it may cost something else by now" in words
    assert "fictional: price list of the sandbox carrier" in words
    assert "Visitor SIM 5 GB (fictional)" in words_of(client.get("/plans/japan-10gb-30d/"))
    assert "What a SIM costs there" not in words_of(client.get("/plans/keep-number-uk-90d/"))


def test_a_country_stands_where_people_look_for_it():
    """By letters and by pinyin; 秘 has two readings, and the tables here know 秘鲁 by the other."""
    english = [normalize("NFD", name)[0] for _code, name in places.residences("en")]
    chinese = [name for _code, name in places.residences("zh-Hans") if name != "秘鲁"]
    spoken = [lazy_pinyin(name)[0] for name in chinese]

    assert english == sorted(english)
    assert spoken == sorted(spoken)
    assert len(spoken) > 200


@pytest.mark.promise(9)
def test_the_desk_adds_what_was_seen_and_hides_what_is_wrong():
    operator = Client()
    operator.force_login(given.a_colleague("operator"))
    seen = {
        "country": "KR", "operator": "Third Mobile KR", "name": "SIM", "price": "33000",
        "currency": "KRW", "days": "10", "seen_on": "2026-10-01",
        "source": "https://example.com/sim",
    }  # fmt: skip

    assert operator.post("/desk/tariffs/", seen | {"seen_on": "2100-01-01"}).status_code == 422
    assert operator.post("/desk/tariffs/", seen | {"price": "0.5"}).status_code == 422
    assert operator.post("/desk/tariffs/", seen).status_code == 302
    assert operator.post("/desk/tariffs/", seen).status_code == 422  # told once a day
    (row,) = catalogue.tariffs(["KR"], clock.now().date())
    assert (row.price_minor, row.granted_bytes, row.is_fictional) == (33000, None, False)
    shown = Client().get("/ready/", {"to": "KR"}).content.decode()
    assert 'href="https://example.com/sim"' in shown

    operator.post(f"/desk/tariffs/{row.pk}/hide/")
    assert catalogue.tariffs(["KR"], clock.now().date()) == []
    kinds = Event.objects.filter(kind__startswith="tariff.").order_by("pk")
    assert [event.kind for event in kinds] == ["tariff.added", "tariff.hidden"]


@pytest.mark.promise(45)
def test_before_a_trip_networks_phone_and_steps_are_on_one_page(client):
    words = words_of(client.get("/ready/", {"to": ["JP", "GL"], "model": "Example"}))

    assert "Networks in Japan" in words
    assert "Sandbox Mobile JP (fictional) 4G, 5G 1 October 2025" in words
    assert "Networks in Greenland No plan of ours works there." in words
    assert "Example" in words
    assert "takes an eSIM" in words
    assert "Install the eSIM at home" in words
    for path in ("/plans/japan-10gb-30d/", "/trip/?to=JP"):
        assert 'href="/ready/?' in client.get(path).content.decode()


def test_what_is_being_typed_is_suggested_those_we_serve_first(client):
    suggested = client.get("/trip/countries/", {"search": "JP, kore"}).context["countries"]

    assert suggested == ["KR", "KP"]
    assert "JP" not in words_of(client.get("/trip/countries/", {"search": "riben", "to": "JP"}))
