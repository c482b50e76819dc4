"""The terms: every version stays readable, and what changed between two is told in money."""

from __future__ import annotations

import pytest

from fairroam import rules
from fairroam.rules.packs import pack_names
from fairroam.web.site import terms
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.mark.promise(4, 47)
@pytest.mark.parametrize("name", pack_names())
def test_every_version_of_every_pack_is_shown_in_words_and_can_be_kept(client, name):
    page = words_of(client.get(f"/terms/{name}/"))
    text = client.get(f"/terms/{name}.txt")
    source = client.get(f"/terms/{name}.json")

    pack = rules.packs.pack_source(name)
    assert name in page
    assert len(text.content.decode().split("\n- ")) == len(pack["grounds"]) + 1
    assert source.json()["grounds"] == pack["grounds"]
    assert source["Content-Disposition"] == f'attachment; filename="{name}.json"'


@pytest.mark.promise(47)
def test_what_a_new_version_changed_is_told_in_words_and_in_money(client):
    page = words_of(client.get("/terms/house@1/to/house@2/"))

    # A thousandth of the plan counts as unused now, and a fault has two days instead of ten.
    assert "0.005 GB of 10 used, asked after 5 days €0.00 €20.00 better" in page
    assert (
        "does not work, four steps did not help, 3 days without a cure €0.00 €20.00 better" in page
    )
    # Lost time is counted by the second now: an outage of eight hours is worth a part of a day.
    assert "no network for 8 hours, half of it used, asked after 25 days €0.67 €0.23 worse" in page
    assert "the phone cannot use it" not in page  # both give the same
    assert "changed" in page
    assert "as before" in page


@pytest.mark.parametrize(
    "path",
    ["/terms/house@9/", "/terms/none/", "/terms/house@9.json", "/terms/house@1/to/eu-crd@1/"],
)
def test_a_version_that_is_none_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_the_examples_try_every_ground_that_pays_by_itself():
    tried = set()
    for name in pack_names():
        packs = rules.compile_packs([name])
        tried |= {rules.decide(facts, packs).as_json()["ground"] for _, facts in terms.cases()}

    grounds = {ground["ground"] for name in pack_names() for ground in grounds_of(name)}
    assert tried - {None} == grounds - {"goodwill"}


def grounds_of(name):
    return rules.packs.pack_source(name)["grounds"]
