"""The guides: three languages, "did this help?", and comments that a person reads first."""

from __future__ import annotations

import re

import pytest
from django.urls import Resolver404, resolve

from fairroam.apps.conversations.models import GuideOpinion
from fairroam.apps.journal.models import Event
from fairroam.rules.languages import NAMES
from fairroam.web.site.guides import FOLDER, SLUGS, read_guide
from tests import given
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
WEB = FOLDER.parents[1]
LINK = re.compile(r"\]\((/[^)#]*)")


def test_there_is_a_file_for_every_guide_in_every_language_and_no_other():
    files = {path.name for path in FOLDER.iterdir()}

    assert files == {f"{slug}.{language}.md" for slug in SLUGS for language in NAMES}


@pytest.mark.promise(75, 81)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_guide_says_the_same_steps_in_every_language_and_its_links_lead_somewhere(slug):
    shapes = set()
    for language in NAMES:
        html = read_guide(slug, language).html
        shapes.add((html.count("<li>"), html.count("<a "), html.count("☐")))
        for link in LINK.findall((FOLDER / f"{slug}.{language}.md").read_text()):
            try:
                resolve(link)
            except Resolver404:
                pytest.fail(f"{slug}.{language} leads to {link}, which is no page")

    assert len(shapes) == 1, shapes


@pytest.mark.promise(75, 76, 81)
def test_every_page_that_names_a_guide_names_one_that_is_there():
    pages = [path.read_text() for path in WEB.rglob("*.html")]
    named = {slug for page in pages for slug in re.findall(r"'site:guide' '([\w-]+)'", page)}
    assert named
    assert named <= set(SLUGS)


def test_a_guide_is_read_in_the_language_of_the_page_or_the_one_asked_for(client):
    assert "Spot a scam" in words_of(client.get("/guides/"))
    assert "识别骗局" in words_of(client.get("/guides/", headers={"accept-language": "zh-hans"}))
    assert "識別騙局" in words_of(client.get("/guides/spot-a-scam/zh-Hant/"))
    for path in ("/guides/none/", "/guides/e-waste/fr/"):
        assert client.get(path).status_code == 404


@pytest.mark.promise(82)
def test_an_opinion_counts_once_and_its_words_are_shown_after_a_person_has_read_them(client):
    path = "/guides/e-waste/"
    client.post(path, {"helped": "yes", "words": "Our town takes them on Fridays. <b>"})
    client.post(path, {"helped": "no"})
    opinion = GuideOpinion.objects.get()
    assert (opinion.is_helpful, opinion.stage) == (True, "waiting")
    assert "Fridays" not in words_of(client.get(path))

    client.force_login(given.a_colleague())
    assert "Fridays" in words_of(client.get("/desk/guides/"))
    client.post(f"/desk/guides/{opinion.pk}/", {"answer": "show"})
    client.post(f"/desk/guides/{opinion.pk}/", {"answer": "show"})

    page = client.get(path).content.decode()
    assert "Our town takes them on Fridays. &lt;b&gt;" in page
    assert "Fridays" not in client.get("/guides/e-waste/zh-Hans/").content.decode()
    client.post(f"/desk/guides/{opinion.pk}/", {"answer": "drop"})
    assert "Fridays" not in words_of(client.get(path))
    assert GuideOpinion.objects.get().stage == "dropped"


def test_an_operator_hides_a_guide_until_it_is_right_again(client):
    path = "/guides/spot-a-scam/"
    client.force_login(given.a_colleague("operator"))

    for _again in range(2):
        assert client.post("/desk/guides/spot-a-scam/show/", {"act": "hide"}).status_code == 302
    assert "Spot a scam" not in words_of(client.get("/guides/"))
    assert client.get(path)["Location"] == "/guides/"
    assert "putting this guide right" in words_of(client.get("/guides/"))

    client.post("/desk/guides/spot-a-scam/show/", {"act": "show"})
    assert client.get(path).status_code == 200
    assert client.post("/desk/guides/none/show/", {"act": "hide"}).status_code == 404
    told = Event.objects.filter(kind__startswith="guide.").order_by("pk")
    assert [(one.kind, one.facts) for one in told] == [
        ("guide.hidden", {"guide": "spot-a-scam"}),
        ("guide.shown", {"guide": "spot-a-scam"}),
    ]


def test_an_opinion_of_no_kind_is_refused(client):
    assert client.post("/guides/e-waste/", {"helped": "maybe"}).status_code == 422
    assert not GuideOpinion.objects.exists()
