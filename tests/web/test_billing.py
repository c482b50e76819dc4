"""The business on invoices."""

from __future__ import annotations

import pytest

from fairroam.apps.customers import queries
from fairroam.apps.customers.operations.billing import checked
from fairroam.apps.customers.refusals import NoSuchTaxNumber
from tests import given
from tests.given import NOON
from tests.web.site_given import words_of

BUSINESS = {
    "company": "Ada & Söhne GmbH",
    "address": "Invalidenstraße 1\n10115 Berlin",
    "country": "DE",
    "tax_number": "de 136 695 976",
}


@pytest.mark.parametrize(
    ("country", "typed", "expected"),
    [
        ("DE", "de 136.695.976", "DE136695976"),  # the example of python-stdnum's own tests
        ("DE", "136695976", "DE136695976"),
        ("DE", "DE136695978", None),  # one digit is wrong
        ("FR", "DE136695976", None),  # another country's
        ("GR", "GR 094259216", "EL094259216"),
        ("GB", "GB 980 7806 84", "980780684"),
        ("US", "12-3456789", "123456789"),  # no VAT there: as it was written
        ("US", "x", None),
    ],
)
def test_a_vat_number_is_looked_at_by_its_country(country, typed, expected):
    if expected is None:
        with pytest.raises(NoSuchTaxNumber):
            checked(typed, country)
    else:
        assert checked(typed, country) == expected


@pytest.mark.usefixtures("catalogue")
def test_later_invoices_name_the_business_and_earlier_ones_stay(client):
    ada = given.a_customer()
    client.force_login(ada.user)
    before = given.pay(given.an_order(), now=NOON)

    wrong = client.post("/account/billing/", BUSINESS | {"tax_number": "DE1"})
    kept = client.post("/account/billing/", BUSINESS, follow=True)
    after = given.pay(given.an_order(), now=NOON)
    client.post("/account/billing/", {"act": "forget"})

    assert wrong.status_code == 422
    assert "No VAT number of that country looks like this" in words_of(wrong)
    assert "Saved" in words_of(kept)
    assert before.invoice.statement["buyer"]["name"] == ada.number
    assert after.invoice.statement["buyer"] == {
        "name": BUSINESS["company"],
        "address": BUSINESS["address"],
        "country": "DE",
        "tax_number": "DE136695976",
    }
    assert queries.billing_of(ada.pk) is None
