"""What the first page weighs before it can be used: a phone abroad pays for each kilobyte."""

from __future__ import annotations

import gzip
import re

import pytest

from tests.conftest import ROOT

KILOBYTE = 1000
PARTS = re.compile(r'(?:<link rel="stylesheet" href|<script src)="([^"]+)"')
INCLUDED = re.compile(r'{% (?:include|extends) "([^"]+)"')
TEMPLATES = {
    str(path.relative_to(folder)): path
    for folder in (ROOT / "fairroam" / "web").glob("*/templates")
    for path in folder.rglob("*.html")
}


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_the_first_page_weighs_no_more_than_written_here_without_pictures(client, language):
    page = client.get("/", headers={"Accept-Language": language})
    addresses = PARTS.findall(page.content.decode())
    plain = [client.get(address) for address in addresses]
    packed = [client.get(one, headers={"Accept-Encoding": "gzip, br"}) for one in addresses]

    assert [part.status_code for part in plain] == [200] * 3  # a style sheet, two scripts
    whole = [b"".join(part.streaming_content) for part in plain]
    sent = [b"".join(part.streaming_content) for part in packed]
    assert len(page.content) + sum(map(len, whole)) < 60 * KILOBYTE
    assert len(page.content) + sum(map(len, sent)) < 30 * KILOBYTE  # as it goes over the line
    assert [part.get("Content-Encoding") for part in packed] == ["gzip"] * 3
    assert [gzip.decompress(part) for part in sent] == whole
    assert {part["Vary"] for part in plain} == {"Accept-Encoding"}


def with_its_parts(name: str) -> str:
    """The template and all that it includes, also a body that is written once and kept."""
    text = TEMPLATES[name].read_text()
    body = name.replace(".html", "_body.html")
    parts = [*INCLUDED.findall(text), *([body] if body in TEMPLATES else [])]
    return text + "".join(map(with_its_parts, parts))


@pytest.mark.parametrize(
    "name", [name for name, path in TEMPLATES.items() if "{% extends" in path.read_text()]
)
def test_a_page_brings_htmx_if_it_goes_by_it_and_only_then(name):
    """The first page brings it later: when somebody begins to type."""
    words = with_its_parts(name)

    assert ("{% htmx_script %}" in words) == (" hx-" in words and name != "site/home.html")
