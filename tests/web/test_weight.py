"""What the first page weighs before it can be used: a phone abroad pays for each kilobyte."""

from __future__ import annotations

import gzip
import re

import pytest

pytestmark = pytest.mark.usefixtures("catalogue")
KILOBYTE = 1000
PARTS = re.compile(r'(?:<link rel="stylesheet" href|<script src)="([^"]+)"')


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_the_first_page_weighs_no_more_than_written_here_without_pictures(client, language):
    page = client.get("/", headers={"Accept-Language": language})
    parts = [client.get(address) for address in PARTS.findall(page.content.decode())]

    assert [part.status_code for part in parts] == [200] * 3  # a style sheet, two scripts
    files = [page.content, *(b"".join(part.streaming_content) for part in parts)]
    assert sum(map(len, files)) < 110 * KILOBYTE  # half of it is htmx; the aim is 100
    assert sum(len(gzip.compress(file)) for file in files) < 35 * KILOBYTE
