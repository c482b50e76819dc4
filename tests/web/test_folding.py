"""A folded template writes in every language what it wrote before, and looks up what differs."""

from __future__ import annotations

import pytest
from django.template import Context, engines
from django.utils import translation

from fairroam.web.components.folding import fold

WORDS = {"amount": "<5>", "is_there": True, "none": None, "each": [1, 2]}
LOADED = "{% load i18n static %}"
# What is written -> how many nodes are left once it is folded.
PARTS = {
    "<p>{% translate 'Plans' %}</p>{# a remark #} {% icon 'check' 14 %}": 1,
    "<a href=\"{% url 'site:plans' %}\">{% translate 'Sign in' %}</a>": 1,
    "{% static 'components/app.css' %}": 1,
    "{% blocktranslate %}Order{% endblocktranslate %}{% comment %}unseen{% endcomment %}": 1,
    "{% blocktranslate trimmed %} 100% {% endblocktranslate %}{% translate '100%' %}": 1,
    "{% translate 'Plans' as plans %}{{ plans }} {{ plans|upper }}": 4,
    "{% blocktranslate %}Get {{ amount }} back{% endblocktranslate %}": 1,
    "{% translate amount %}{% translate 'Plans'|upper %}": 2,
    "{% if is_there %}{% translate 'Plans' %}!{% else %}{% translate 'Sign in' %}{% endif %}": 1,
    "{% for one in each %}{% translate 'Plans' %} {{ one }}{% empty %}none{% endfor %}": 1,
    "{% with a=amount %}{% translate 'Plans' %}{{ a }}{% endwith %}": 1,
    "{% language 'zh-hans' %}{% translate 'Plans' %}{% endlanguage %}{% translate 'Plans' %}": 2,
    "{% if none %}{% url 'nowhere:at_all' %}{% endif %}{{ amount }}": 2,
    "{% autoescape off %}{% translate 'Plans' %}{{ amount }}{% endautoescape %}": 1,
}


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
@pytest.mark.parametrize("part", PARTS)
def test_it_writes_the_same_in_every_language(part, language):
    with translation.override(language):
        plain, folded = (engines["django"].from_string(LOADED + part).template for _ in range(2))
        fold(folded)

        assert folded.render(Context(WORDS)) == plain.render(Context(WORDS))
        assert len(folded.nodelist) == PARTS[part]


STOP = "{% translate 'Nothing waits.' %}"
UNTIL = "{% blocktranslate with end=amount %}It counts until {{ end }}.{% endblocktranslate %}"
# Parts of templates in which something follows a sentence: Chinese sets no space before it.
SENTENCES = [
    STOP + "{gap}" + STOP,
    UNTIL + "{gap}" + STOP,
    "<em>" + STOP + "</em>{gap}<a href='/'>" + UNTIL + "</a>",
    "{% if is_there %}" + UNTIL + "{gap}{% endif %}" + STOP,
    "{% if none %}-{% else %}" + UNTIL + "{% endif %}{gap}" + STOP,
    STOP + "{% if is_there %}{gap}{{ amount }}{% endif %}",
]


@pytest.mark.parametrize("part", SENTENCES)
@pytest.mark.parametrize(("language", "kept"), [("en", True), ("zh-hans", False)])
def test_chinese_sets_no_space_between_sentences(part, language, kept):
    def written(gap: str) -> str:
        template = engines["django"].from_string(LOADED + part.replace("{gap}", gap)).template
        fold(template)
        return template.render(Context(WORDS))

    with translation.override(language):
        assert written("\n  ") == written("\n  " if kept else "")
        assert ("  " in written("\n  ")) is kept


def test_the_rows_of_a_list_keep_what_parts_them():
    rows = "{% for one in each %} {{ one }}{% endfor %}"
    with translation.override("zh-hans"):
        template = engines["django"].from_string(LOADED + STOP + rows).template
        fold(template)

        assert template.render(Context(WORDS)) == "没有待办。 1 2"


def test_a_mail_keeps_its_lines():
    with translation.override("zh-hans"):
        template = engines["django"].from_string(f"{LOADED}{STOP} {STOP}\n\n{STOP}").template
        template.name = "a_mail.txt"
        fold(template)

        assert template.render(Context()) == "没有待办。没有待办。\n\n没有待办。"
