"""Refund packs: every version, and the next one with its differences before it goes live."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.catalogue import operations, queries
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only
from fairroam.web.site.promises import title_of
from fairroam.web.site.terms import examples, pairs, versions


class PackForm(forms.Form):
    """The next version of a pack, as its file would say it."""

    source = forms.CharField(
        label=gettext_lazy("The whole pack, as TOML"),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "code"}),
    )


def published() -> list[tuple[str, str, list[str]]]:
    """Every pack by its title and its code, with its versions."""
    return [(title_of(pack), pack, names) for pack, names in versions().items()]


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def packs(request: HttpRequest, staff: User) -> HttpResponse:
    """The versions there are; then what the next one changes, in words and in money, and then it.

    The first sending shows the differences, the second one, with the same words, publishes them.
    """
    form = PackForm(request.POST or None)
    context: dict[str, object] = {"packs": published(), "form": form}
    if not form.is_valid():
        return render(request, "desk/packs.html", context, status=422 if form.is_bound else 200)
    source = form.cleaned_data["source"]
    try:
        if request.POST.get("act") == "publish":
            pack = operations.publish_pack(source=source, actor=f"staff:{staff.pk}", now=now())
            messages.success(
                request, _("%(pack)s is published; sold plans keep theirs.") % {"pack": pack}
            )
            return redirect("desk:packs")
        content = operations.next_version(source=source, now=now())
    except Refusal as refusal:
        reason = refusal.facts.get("reason", "")
        form.add_error("source", str(reason))
        shown = {"packs": published()}
        return render_refused(request, "desk/packs.html", form, refusal, **shown)
    old = queries.pack_content(f"{content['pack']}@{content['version'] - 1}")
    moved = [one for one in examples(old, content) if one.before_minor != one.after_minor]
    context |= {"preview": content, "pairs": pairs(old, content), "examples": moved}
    return render(request, "desk/packs.html", context)
