"""Visitors of the public site, and what they type."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

CHECKOUT = "/checkout/japan-10gb-30d/"
TICKED = {"terms": "on", "express_request": "on", "loss_acknowledged": "on"}


def a_filled_form(client: Client, path: str = CHECKOUT, **typed: str) -> dict[str, str]:
    """The checkout form as its page gives it, filled in by Ada from Germany."""
    page = client.get(path)
    key = str(page.context["form"]["key"].value())
    form = {"key": key, "email": "ada@example.com", "residence": "DE", "language": "en"}
    form["quantity"] = "1"
    return form | TICKED | typed


def buy(client: Client, path: str = CHECKOUT, **typed: str) -> Any:
    """Send the filled form; the answer leads to the page of the order."""
    return client.post(path, a_filled_form(client, path, **typed))


def words_of(response: HttpResponse) -> str:
    """What stands on the page for a person: no tags, single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
