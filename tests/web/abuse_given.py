"""What must stay as it is when somebody tries what they may not, and the routes there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from psycopg import sql

from fairroam.apps.customers.models import User
from tests.web.factors_given import mails

# Who looked in by which browser, and when; everything else is the business, its jobs included.
OF_BROWSERS = ("django_session", "customers_browsersession", "customers_user")
TABLES = """
    SELECT tablename FROM pg_tables
     WHERE schemaname = 'public' AND NOT tablename = ANY(%s) ORDER BY tablename
"""
HASH = sql.SQL("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t")
SEALS = re.compile(rb'(csrfmiddlewaretoken" value|X-CSRFToken&quot;|nonce)[=:"]+[^"&]*')


def browser_of(user: User | None) -> Client:
    """A browser in which that user is signed in."""
    browser = Client()
    if user is not None:
        browser.force_login(user)
    return browser


def fingerprints() -> dict[str, str]:
    """A hash of every table, the queue of jobs among them, and how many mails left."""
    left = len(mails())  # also those with a code, which the queue holds until then
    with connection.cursor() as cursor:
        cursor.execute(TABLES, [list(OF_BROWSERS)])
        names = [found[0] for found in cursor.fetchall()]
        hashes = {}
        for name in names:
            rows = HASH.format(sql.Identifier(name))
            cursor.execute(rows)
            hashes[name] = cursor.fetchone()[0]
    return hashes | {"mails": str(left)}


@contextmanager
def nothing_changed(*, but: str = "") -> Iterator[None]:
    """Whatever happens inside leaves every table, the queue and the outbox as they were.

    but: one of them that may change.
    """
    before = fingerprints()
    yield
    after = fingerprints()
    changed = [name for name in after if after[name] != before[name] and name != but]
    assert not changed, changed


def code_of(answer: Any) -> str:
    """The code of a refusal, from a page or from an answer to a program."""
    if answer["Content-Type"] == "application/problem+json":
        return str(answer.json()["code"])
    found = re.search(r'data-code="([\w-]+)"', answer.content.decode())
    return found[1] if found else str(answer.context["refusal"]["code"])


def bytes_of(answer: HttpResponse, path: str) -> tuple[int, str, bytes]:
    """What a stranger can tell apart: status, where it leads, the page without its seals."""
    content = answer.getvalue() if answer.streaming else answer.content
    page = SEALS.sub(b"SEAL", content).replace(path.encode(), b"PATH")
    where = unquote(answer.get("Location", "")).replace(path, "PATH")
    return answer.status_code, re.sub(r"\d+", "ID", where), page


def routes(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every route of the program as (its pattern, the names of its parameters)."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, list(pattern.pattern.converters)


def filled(route: str, values: dict[str, object]) -> str:
    """The address of a route with these values in it."""
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: str(values[found[1]]), route)
