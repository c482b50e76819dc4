"""What a person sees when something is not there, or cannot be served now."""

from __future__ import annotations

import psycopg
import pytest
from django.test import Client

from fairroam.project.database import OWNER_ROLE

pytestmark = pytest.mark.usefixtures("catalogue")


def test_an_unknown_address_says_so_and_leads_on():
    answer = Client().get("/no-such-page/")

    assert answer.status_code == 404
    assert "Nothing has changed" in answer.content.decode()


def test_a_lock_that_is_not_had_in_time_is_said_as_503(cluster):
    with psycopg.connect(cluster.url(role=OWNER_ROLE)) as other:
        other.execute("LOCK TABLE papers_paper IN ACCESS EXCLUSIVE MODE")
        answer = Client().get("/verify/CERT-0000/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "safe to repeat" in answer.content.decode()


def test_a_form_without_its_seal_changes_nothing():
    answer = Client(enforce_csrf_checks=True).post("/checkout/japan-10gb-30d/", {})

    assert answer.status_code == 403
    assert "open the page again" in answer.content.decode()


def test_an_address_that_only_takes_a_form_says_so_instead_of_an_empty_page():
    answer = Client().post("/plans/", {})

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert "Nothing has changed" in answer.content.decode()
