"""Coverage on the page of a plan, and the check whether a phone takes an eSIM."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fairroam.apps.catalogue.models import Coverage
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
EID = "89049032123451234512345678901235"
IMEI = "490154203237518"


@pytest.mark.promise(10)
def test_a_plan_shows_its_networks_by_country_and_radio_with_day_and_source(client):
    words = words_of(client.get("/plans/japan-10gb-30d/"))

    assert "Japan Sandbox Mobile JP (fictional) 4G, 5G 1 October 2025" in words
    assert "Second Mobile JP (fictional) 4G 1 October 2025" in words
    assert "Source: fictional: coverage sheet of the sandbox carrier." in words
    assert "you can choose one on the page of your eSIM" in words


@pytest.mark.promise(53)
def test_a_regional_plan_shows_every_country_by_its_own_networks(client):
    words = words_of(client.get("/plans/europe-5gb-15d/"))

    assert "Greece Sandbox Mobile GR (fictional) 4G 1 October 2025" in words
    assert "Germany Sandbox Mobile DE (fictional) 4G, 5G 1 October 2025" in words
    assert words.index("Austria Sandbox") < words.index("Germany Sandbox")
    assert "Networks to choose from France: Sandbox Mobile FR, Second Mobile FR" in words


def test_a_country_of_which_nothing_is_known_says_so(client):
    Coverage.objects.filter(country="GR").delete()

    words = words_of(client.get("/plans/europe-5gb-15d/"))

    assert "Greece no networks are known to us yet" in words


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_device_page_lists_models_and_marks_what_is_fictional(client, language):
    response = client.get("/devices/", headers={"accept-language": language})
    page = response.content.decode()

    assert response.status_code == 200
    assert page.count("<h1") == 1
    assert page.count('scope="row"') == 4
    assert ("(fictional)" in page) is (language == "en")


def test_a_model_is_found_by_words_of_its_maker_and_name(client):
    found = client.get("/devices/", {"model": "dual EXAMPLE"}).content.decode()
    nothing = words_of(client.get("/devices/", {"model": "<b>brick"}))

    assert found.count('scope="row"') == 1
    assert "no eSIM." in found
    assert "We know no model named “&lt;b&gt;brick”" in nothing


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (EID, 200, "This is a sound EID"),
        (" ".join((EID[:16], EID[16:])), 200, "This is a sound EID"),
        (EID[:-1] + "6", 422, "An EID starts with 89"),
        ("12" + EID[2:], 422, "An EID starts with 89"),
        ("49-015420-323751-8", 200, "This is a sound IMEI"),
        (IMEI[:-1] + "01", 200, "This is a sound IMEI"),
        (IMEI[:-1] + "9", 422, "do not fit together"),
        (IMEI[:-1] + "x", 422, "do not fit together"),
        (IMEI[:-1], 422, "this is neither"),
        ("", 422, "This field is required"),
    ],
)
def test_a_number_is_checked_and_forgotten(client, typed, status, said):
    with CaptureQueriesContext(connection) as queries:
        response = client.post("/devices/", {"number": typed})

    assert response.status_code == status
    assert said in words_of(response)
    assert "no-store" in response.headers["Cache-Control"]
    assert all(query["sql"].startswith("SELECT") for query in queries)
    if status == 200:
        assert typed not in response.content.decode()
    assert not client.session.items()
