"""Guides in three languages: text files beside this one, each with "did this help?"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe
from markdown_it import MarkdownIt

from fairroam.apps.conversations import operations
from fairroam.apps.conversations import queries as conversations
from fairroam.clock import now
from fairroam.rules.languages import NAMES, language_of
from fairroam.web.components.formats import closed_up

FOLDER = Path(__file__).parent / "guides"
# In the order of a customer's life.
SLUGS = (
    "install-iphone",
    "install-android",
    "first-use",
    "money-back",
    "cancel",
    "keep-a-number",
    "new-phone",
    "before-you-leave",
    "after-you-left",
    "wipe-a-phone",
    "e-waste",
    "keep-your-proof",
    "spot-a-scam",
)
SAID = "guides_said"  # session key: the guides this browser has given an opinion on
TASK = "[ ] "  # how a line of a checklist begins


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide in one language. summary: its first paragraph; html: what follows."""

    slug: str
    language: str
    title: str
    summary: str
    html: str


class OpinionForm(forms.Form):
    """One tap, and words if they like."""

    helped = forms.TypedChoiceField(
        choices=[("yes", _("Yes")), ("no", _("No"))], coerce=lambda value: value == "yes"
    )
    words = forms.CharField(
        label=_("What would make it better?"),
        help_text=_("Shown here once a person has read it. No names or codes, please."),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@cache
def read_guide(slug: str, language: str) -> Guide:
    """The guide out of its file."""
    text = (FOLDER / f"{slug}.{language}.md").read_text()
    title, summary, body = text.split("\n\n", 2)
    html = MarkdownIt("commonmark", {"html": False}).render(body.replace(TASK, "☐ "))
    return Guide(slug, language, title.removeprefix("# "), summary, closed_up(html))


def page_language() -> str:
    """Which of the three languages the page speaks."""
    return language_of(get_language() or "en")


@require_safe
def guides(request: HttpRequest) -> HttpResponse:
    """All guides, in the order in which people need them."""
    hidden = conversations.hidden_guides()
    rows = [read_guide(slug, page_language()) for slug in SLUGS if slug not in hidden]
    return render(request, "site/guides.html", {"guides": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def guide(request: HttpRequest, slug: str, language: str = "") -> HttpResponse:
    """One guide; an opinion counts once for each browser."""
    language = language or page_language()
    if slug not in SLUGS or language not in NAMES:
        raise Http404
    if slug in conversations.hidden_guides():
        messages.info(request, gettext("We are putting this guide right. These are there."))
        return redirect("site:guides")
    said = request.session.get(SAID, [])
    form = OpinionForm(request.POST or None)
    if form.is_valid() and slug not in said:
        operations.say_of_guide(
            guide=slug,
            language=language,
            is_helpful=form.cleaned_data["helped"],
            words=form.cleaned_data["words"],
            now=now(),
        )
        request.session[SAID] = [*said, slug]
        return redirect(f"{request.path}#opinion")
    context = {
        "guide": read_guide(slug, language),
        "languages": NAMES,
        "form": form,
        "has_said": slug in said,
        "comments": conversations.comments_on(slug, language),
    }
    status = 422 if form.is_bound and slug not in said else 200
    return render(request, "site/guide.html", context, status=status)
