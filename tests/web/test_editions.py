"""What is the same for everybody is written once, and a change of the shop shows at once."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.models import NEW_EDITION, Brand, Edition, Plan, TaxRate
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
CODE = "japan-10gb-30d"
PAGE = f"/plans/{CODE}/?residence=DE"


def read(path: str, language: str = "en") -> str:
    return words_of(Client(headers={"accept-language": language}).get(path))


def test_a_page_that_was_shown_is_not_read_again_until_something_changes():
    first = read(PAGE)
    with CaptureQueriesContext(connection) as reads:
        again = read(PAGE)
    assert (again, len(reads)) == (first, 1)  # which edition it is

    Plan.objects.filter(code=CODE).update(price_minor=1234)

    assert "€12.34" in read(PAGE)
    assert "€12.34" in read("/")
    assert "€12.34" in read("/plans/")
    assert "€12.34" not in first
    assert "购买" in read(PAGE, "zh-hans")


def test_who_sells_shows_on_every_page_at_once():
    before = read("/imprint/")

    Brand.objects.update(name="Far & Fair")

    assert "Far &amp; Fair" in read("/imprint/")
    assert "Far &amp; Fair" in read(PAGE)
    assert "Far &amp; Fair" not in before


def test_a_change_that_is_taken_back_leaves_no_trace():
    before, edition = read(PAGE), catalogue.edition()

    with transaction.atomic():
        Plan.objects.filter(code=CODE).update(price_minor=1234)
        TaxRate.objects.all().delete()
        assert catalogue.edition() != edition
        assert "€12.34" in read(PAGE)
        transaction.set_rollback(True)

    assert catalogue.edition() == edition
    assert read(PAGE) == before


def test_every_table_of_the_catalogue_makes_new_editions():
    tables = set(apps.get_app_config("catalogue").get_models()) - {Edition}

    assert {getattr(table, "raw_constraints", ()) for table in tables} == {NEW_EDITION}


def test_without_an_edition_nothing_is_kept():
    Edition.objects.all().delete()

    assert catalogue.edition() != catalogue.edition()
