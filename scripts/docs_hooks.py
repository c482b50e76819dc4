"""What mkdocs asks while it builds: lists that the program itself knows, put into the pages."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fairroam.project.settings")

import django
from django.urls import URLPattern, URLResolver, get_resolver

from fairroam.project import cli

ROOT = Path(__file__).resolve().parent.parent
AUDIENCES = ("site", "account", "desk")
# Pages whose views are a library's.
OF_LIBRARIES = {
    "account_request_login_code": "Sign in: a code is sent to the mailbox.",
    "account_confirm_login_code": "The code from the mail.",
    "mfa_login_webauthn": "Sign in with a passkey.",
    "mfa_authenticate": "The second factor of a sign-in.",
    "account_logout": "Sign out of this browser.",
    "mfa_add_webauthn": "Add a passkey.",
    "mfa_remove_webauthn": "Remove a passkey.",
    "mfa_activate_totp": "Add an authenticator app.",
    "mfa_deactivate_totp": "Remove the authenticator app.",
    "mfa_view_recovery_codes": "How many recovery codes are left.",
    "mfa_generate_recovery_codes": "Make new recovery codes; the old ones end.",
}


def on_config(config: Any) -> Any:
    """Add the decisions to the places of the pages, and whatever has no place yet."""
    folder = Path(config.docs_dir)
    pages = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.md"))]
    placed = str(config.nav)
    decisions = [page for page in pages if page.startswith("decisions/")]
    others = [page for page in pages if page not in decisions and f"'{page}'" not in placed]
    config.nav += [{"Decisions": decisions}] + ([{"More": others}] if others else [])
    return config


def on_page_markdown(markdown: str, **_event: Any) -> str:
    """Replace `<!-- list: NAME -->` by that list."""
    return re.sub(r"<!-- list: ([\w ]+) -->", lambda found: listed(found[1]), markdown)


def listed(name: str) -> str:
    """A list as Markdown: an audience's pages, the words of the command, or make's targets."""
    if name == "commands":
        return f"```\n{cli.HELP}```"
    if name == "make targets":
        rows = re.findall(r"^([a-z-]+):.*## (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return table(("target", "what it does"), ((f"`make {word}`", what) for word, what in rows))
    assert name in (*AUDIENCES, "sign in"), name
    return table(("address", "what it is"), pages(name))


def table(heads: tuple[str, str], rows: Iterator[tuple[str, str]] | Any) -> str:
    lines = (f"| {first} | {second} |" for first, second in rows)
    return "\n".join([f"| {heads[0]} | {heads[1]} |", "|---|---|", *lines])


def pages(audience: str) -> Iterator[tuple[str, str]]:
    """Every named page of one audience, with the first words of its view's docstring."""
    django.setup()
    for space, route, pattern in routes(get_resolver()):
        if pattern.name and (space or "sign in") == audience and (what := sentence_of(pattern)):
            address = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
            yield f"`/{address}`", what.replace("|", "\\|")


def routes(resolver: Any, prefix: str = "", space: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every route as (namespace, pattern as text, pattern)."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route, pattern.namespace or space)
        elif isinstance(pattern, URLPattern):
            yield space, route, pattern


def sentence_of(pattern: URLPattern) -> str:
    """What a page is, by its view's docstring."""
    if pattern.name in OF_LIBRARIES:
        return OF_LIBRARIES[pattern.name]
    view = inspect.unwrap(pattern.callback)
    if hasattr(view, "view_class"):
        return "Leads on to another page."
    return " ".join((inspect.getdoc(view) or "").split("\n\n")[0].split())
