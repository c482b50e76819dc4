"""The brand, plans and packs as operators change them: from now on, and never what was sold."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fairroam.apps.catalogue import queries
from fairroam.apps.catalogue.models import Coverage, Operator, Pack
from fairroam.apps.customers.models import User
from fairroam.apps.journal.models import Event
from fairroam.clock import now
from fairroam.rules.contrast import contrast
from fairroam.rules.packs import pack_names
from tests import given
from tests.files_given import a_picture
from tests.web.factors_given import note

pytestmark = pytest.mark.usefixtures("catalogue")
SAID = {
    "name": "Wander",
    "legal_name": "Wander GmbH",
    "address": "1 Example Street",
    "tax_number": "DE000000000",
    "email": "help@wander.example",
    "accent": "#7A1F5C",
    "accent_night": "#e8a3cf",
    "privacy_en": "We keep what the books need.",
    "privacy_zh-Hans": "我们只保留账簿需要的数据。",
}


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("#ffffff", "#000000", "21.00"),
        ("#777777", "#ffffff", "4.48"),
        ("#0a6552", "#faf7f0", "6.55"),
    ],
)
def test_contrast_is_counted_as_wcag_counts_it(first, second, ratio):
    assert f"{contrast(first, second):.2f}" == f"{contrast(second, first):.2f}" == ratio


@pytest.fixture
def operator() -> Client:
    user = given.a_colleague("operator")
    client = Client()
    client.force_login(user)
    return client


def proven(client: Client) -> Client:
    note(client, User.objects.get(), method="mfa", type="totp")
    return client


def test_the_brand_changes_with_a_proof_and_stands_on_every_page(operator):
    before = queries.brand().name
    assert operator.post("/desk/brand/", SAID).status_code == 403
    assert queries.brand().name == before
    proven(operator)

    pale = operator.post("/desk/brand/", SAID | {"accent": "#cccccc"})
    assert (pale.status_code, pale.context["refusal"]["code"]) == (422, "accent-unreadable")
    assert operator.post("/desk/brand/", SAID).status_code == 302
    assert operator.post("/desk/brand/", {"act": "logo", "logo": picture()}).status_code == 302

    anybody = Client()
    home = anybody.get("/").content.decode()
    assert "Wander" in home
    style = re.search(r'href="(/brand/style\.css[^"]+)"', home)
    logo = re.search(r'src="(/brand/logo[^"]+)"', home)
    assert style
    assert logo
    assert "light-dark(#7a1f5c, #e8a3cf)" in anybody.get(style[1]).content.decode()
    assert anybody.get(logo[1])["Content-Type"] == "image/png"
    assert anybody.get("/manifest.webmanifest").json()["theme_color"] == "#7a1f5c"
    assert (
        "账簿" in anybody.get("/privacy/", headers={"Accept-Language": "zh-hans"}).content.decode()
    )
    told = Event.objects.filter(kind="brand.changed").order_by("pk")
    assert told[0].facts["fields"][:2] == ["accent", "accent_night"]
    assert told[1].facts == {"fields": ["logo"]}


def picture():
    return SimpleUploadedFile("logo.png", a_picture())


def test_a_plan_changes_for_new_orders_alone(operator):
    sold = given.a_paid_line()
    path = f"/desk/plans/{sold.plan_copy['code']}/"
    form = operator.get(path).context["form"]
    said = {
        name: form[name].value() for name in form.fields if form[name].value() not in (None, "")
    }
    assert said["price"] == "19.00"

    refused = operator.post(path, said | {"list_price": "18.99"})
    assert refused.context["form"].errors == {"list_price": ["At least the price."]}
    assert operator.post(path, said | {"price": "18.999"}).status_code == 422  # no tenth of a cent
    assert refused.context["refusal"]["code"] == "plan-refused"
    changed = said | {
        "price": "20",
        "list_price": "20.00",
        "gigabytes": "12",
    }
    assert operator.post(path, changed).status_code == 302

    row = queries.plan(sold.plan_copy["code"])
    assert (row.price_minor, row.allowances[0].granted) == (2000, 12 * 10**9)
    sold.refresh_from_db()
    assert sold.price_minor == 1900
    assert sold.plan_copy["allowances"][0]["granted"] == 10 * 10**9
    told = Event.objects.get(kind="plan.changed")
    assert told.facts["fields"] == ["granted_bytes", "list_price_minor", "price_minor"]


def test_the_next_version_of_a_pack_is_shown_before_it_is_published(operator):
    source = (files("fairroam.rules") / "packs" / "house@2.toml").read_text("utf-8")
    tomorrow = (now() + timedelta(days=1)).date().isoformat()
    later = source.replace("version = 2", "version = 3").replace("n = 180", "n = 90", 1)
    later = re.sub(r'effective_from = "[\d-]+"', f'effective_from = "{tomorrow}"', later)
    today = later.replace(tomorrow, now().date().isoformat())

    for wrong in (source, today, "version = ["):
        answer = operator.post("/desk/packs/", {"source": wrong, "act": "publish"})
        assert answer.context["refusal"]["code"] == "pack-refused"
    seen = operator.post("/desk/packs/", {"source": later})
    assert [one.before_minor > one.after_minor for one in seen.context["examples"]] == [True]
    assert Pack.objects.count() == len(pack_names())
    assert operator.post("/desk/packs/", {"source": later, "act": "publish"}).status_code == 302

    assert "house@3" not in queries.packs_for("DE", now().date())
    assert "house@3" in queries.packs_for("DE", (now() + timedelta(days=1)).date())
    assert Event.objects.get(kind="pack.published").facts == {"pack": "house@3"}


def test_a_country_s_coverage_is_told_anew_as_of_a_day_corrected_and_never_edited(operator):
    path = "/desk/plans/japan-10gb-30d/coverage/"
    assert "Second Mobile JP" in operator.get(path).content.decode()
    gone = Operator.objects.get(name="Second Mobile JP")
    kept = Operator.objects.get(name="Sandbox Mobile JP")
    before = set(Coverage.objects.values_list("pk", flat=True))
    today = now().date()
    said = {"as_of": today, "source": "Roaming sheet", f"radios_{kept.pk}": ["5G", "3G"]}

    chinese = operator.get(path + "JP/", headers={"Accept-Language": "zh-hans"})
    assert f'value="{today}"' in chinese.content.decode()
    nothing = operator.post(path + "JP/", {"as_of": today, "source": "x"})
    to_come = operator.post(path + "JP/", said | {"as_of": today + timedelta(days=1)})
    for _ in range(2):  # the same table again changes nothing
        assert operator.post(path + "JP/", said).status_code == 302
    earlier = operator.post(path + "JP/", said | {"as_of": today - timedelta(days=1)})

    for refused in (nothing, to_come, earlier):
        assert refused.context["refusal"]["code"] == "coverage-refused"
    (row,) = queries.coverage(queries.plan("japan-10gb-30d"))
    assert (row.operator, row.radios) == ("Sandbox Mobile JP", ("3G", "5G"))
    assert (row.as_of, row.source) == (today, "Roaming sheet")
    assert set(Coverage.objects.values_list("pk", flat=True)) > before
    assert Coverage.objects.filter(operator=gone).exists()
    told = Event.objects.get(kind="coverage.told")
    assert (told.facts["country"], told.facts["rows"]) == ("JP", 2)
    wrong = set(Coverage.objects.values_list("pk", flat=True))
    assert operator.post(path + "JP/", said | {f"radios_{kept.pk}": ["4G"]}).status_code == 302
    (row,) = queries.coverage(queries.plan("japan-10gb-30d"))
    assert (row.radios, row.as_of) == (("4G",), today)
    assert set(Coverage.objects.values_list("pk", flat=True)) > wrong
    assert Event.objects.filter(kind="coverage.told").latest("pk").facts["edition"] == 1
    assert operator.get(path + "FR/").status_code == 404


def test_a_network_is_taken_in_by_its_codes_once(operator):
    path = "/desk/plans/japan-10gb-30d/coverage/JP/"
    said = {"act": "operator", "name": "Third Mobile JP", "mcc": "440", "mnc": "07"}

    assert operator.post(path, said).status_code == 302
    twice = operator.post(path, said | {"name": "Another"})
    of_nobody = operator.post(path, said | {"mcc": "001"})

    assert {one.context["refusal"]["code"] for one in (twice, of_nobody)} == {"operator-refused"}
    added = Operator.objects.get(mcc="440")
    assert (added.country, added.name, added.is_fictional) == ("JP", "Third Mobile JP", False)
    assert f"radios_{added.pk}" in operator.get(path).context["table"].fields
    assert Event.objects.get(kind="operator.added").facts == {"operator_id": added.pk}
