"""The trip finder: where, when and what for; which plans cover all of it, and at what price."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.clock import now
from fairroam.rules import trips as rules
from fairroam.rules.residences import zones_by_country
from fairroam.rules.trips import DAYS_MAX, STOPS_MAX, Purchase, Stop, Trip, Way
from fairroam.web.site import places
from fairroam.web.site.trip_words import Sentence, sentences

BETWEEN = re.compile(r"[,;+/，、；＋\n]")  # what people put between two countries
SUGGESTED_MAX = 8
LEEWAY = timedelta(days=1)  # somewhere it is still yesterday
GIGABYTE = 10**9
KINDS = {
    "maps": _("Maps and messages"),
    "social": _("Social media and photos"),
    "video": _("Video every day"),
    "work": _("Work, with a laptop on the phone"),
}


def kind_choices() -> list[tuple[str, str]]:
    """The kinds of travellers with what they are assumed to need a day."""
    return [(need.kind, str(KINDS[need.kind])) for need in rules.needs().kinds]


def countries_by_name() -> list[tuple[str, str]]:
    return [(code, code) for code in zones_by_country()]


class TripForm(forms.Form):
    """A trip as a link that can be passed on: nothing in it says who travels."""

    to = forms.MultipleChoiceField(
        label=_("Countries"),
        choices=countries_by_name,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    search = forms.CharField(
        label=_("Where are you going?"),
        max_length=120,
        required=False,
        help_text=_("Several countries with commas, in the order of the trip."),
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "placeholder": "日本, hanguo, TH"}
        ),
    )
    starts = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    ends = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(label=_("What for?"), choices=kind_choices, initial="social")
    gigabytes = forms.DecimalField(
        label=_("Or your own figure, GB for the whole trip"),
        min_value=0,
        max_value=1000,
        max_digits=5,
        decimal_places=1,
        required=False,
    )
    number = forms.BooleanField(label=_("I need a phone number, too"), required=False)

    def clean_gigabytes(self) -> int | None:
        """The figure in bytes; None where nothing was typed."""
        figure = self.cleaned_data["gigabytes"]
        return int(figure * GIGABYTE) or None if figure else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        if starts and ends and ends < starts:
            self.add_error("ends", _("The trip ends before it begins. Please change one of both."))
        elif ends and ends < now().date() - LEEWAY:
            self.add_error("ends", _("These days are over. Please choose days to come."))
        elif starts and ends and (ends - starts).days >= DAYS_MAX:
            text = _("We plan up to %(days)s days at once. Please plan longer trips in two parts.")
            self.add_error("ends", ValidationError(text, params={"days": DAYS_MAX}))
        elif starts and ends and len(cleaned.get("to", ())) > (ends - starts).days + 1:
            self.add_error("ends", _("These are more countries than days."))
        if len(cleaned.get("to", ())) > STOPS_MAX:
            text = _("We plan up to %(count)s countries at once. Please take some out.")
            self.add_error(None, ValidationError(text, params={"count": STOPS_MAX}))
        return cleaned


@dataclass(frozen=True, slots=True)
class Question:
    """Something typed that may mean several countries, or none of them."""

    typed: str
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bought:
    """One purchase of a way, for the page."""

    plan: PlanRow
    purchase: Purchase
    countries: tuple[str, ...]
    refill: PlanRow | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One way to cover the trip, for the page."""

    way: Way
    bought: tuple[Bought, ...]
    why: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a sound form finds. uncovered: countries that no plan of ours serves."""

    trip: Trip
    ways: tuple[Shown, ...]
    uncovered: tuple[str, ...]


def empty_form() -> TripForm:
    """The finder as it stands on the home page."""
    return TripForm(with_defaults(QueryDict(mutable=True)))


@require_safe
def trip(request: HttpRequest) -> HttpResponse:
    """The finder and, once it knows where and when, every way to cover the trip."""
    chosen, questions = resolved(request.GET.getlist("to"), request.GET.get("search", "")[:120])
    asked = request.GET.copy()
    asked.setlist("to", chosen)
    asked["search"] = ", ".join(question.typed for question in questions)
    if request.GET.get("search") and not questions:
        return redirect(f"{reverse('site:trip')}?{link_of(asked)}")
    form = TripForm(with_defaults(asked))
    if "search" in request.GET and not (chosen or questions or "HX-Request" in request.headers):
        form.add_error("search", _("Name a country to begin."))
    is_sound = form.is_valid()
    context: dict[str, Any] = {"form": form, "chosen": chosen, "questions": questions}
    if is_sound and chosen:
        context["found"] = find(trip_of(form.cleaned_data, chosen, asked))
        context |= {"needs": rules.needs(), "is_own_figure": form.cleaned_data["gigabytes"]}
        context["tariffs"] = catalogue.tariffs(chosen, now().date())
        context["link"] = urlencode([("to", code) for code in chosen])
    status = 422 if request.GET and not is_sound else 200
    return render(request, "site/trip.html", context, status=status)


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """The countries that what is being typed may mean, to be ticked."""
    typed = BETWEEN.split(request.GET.get("search", "")[:120])[-1]
    chosen = request.GET.getlist("to")
    served = {code for row, _offer in catalogue.offers().values() for code in row.countries}
    meant = [code for code in places.found(typed) or places.near(typed) if code not in chosen]
    meant.sort(key=lambda code: code not in served)
    return render(request, "site/trip_suggested.html", {"countries": meant[:SUGGESTED_MAX]})


def resolved(chosen: Sequence[str], search: str) -> tuple[list[str], list[Question]]:
    """The countries that are certain, each once, and what has to be asked."""
    certain = [code for code in dict.fromkeys(chosen) if places.is_residence(code)]
    questions = []
    for typed in filter(None, map(str.strip, BETWEEN.split(search))):
        meant = places.found(typed)
        if len(meant) == 1:
            certain += [code for code in meant if code not in certain]
        elif not set(meant) & set(certain):
            may_mean = meant or places.near(typed)
            questions.append(Question(typed, tuple(may_mean[:SUGGESTED_MAX])))
    return certain, questions


def with_defaults(asked: QueryDict) -> QueryDict:
    """What was asked, and where nothing was: a week from in two weeks, as most people travel."""
    typed = asked.copy()
    first = now().date() + timedelta(days=14)
    usual = {
        "starts": first.isoformat(),
        "ends": (first + timedelta(days=6)).isoformat(),
        "kind": "social",
    }
    for name in usual.keys() - asked.keys():
        typed[name] = usual[name]
    return typed


def link_of(asked: QueryDict) -> str:
    """The trip as a query: what was chosen, and nothing that is empty."""
    pairs = [(name, value) for name, values in asked.lists() for value in values]
    return urlencode([(name, value) for name, value in pairs if value and name != "search"])


def trip_of(typed: dict[str, Any], chosen: Sequence[str], asked: QueryDict) -> Trip:
    """The trip in days by country: as was said, and the rest in equal parts."""
    days = (typed["ends"] - typed["starts"]).days + 1
    wanted = [asked.get(f"days-{code}", "") for code in chosen]
    said = [int(text) if re.fullmatch("[0-9]{1,3}", text) else 0 for text in wanted]
    need = next(one for one in rules.needs().kinds if one.kind == typed["kind"])
    daily = need.daily_bytes
    if typed["gigabytes"]:
        daily = -(-typed["gigabytes"] // days)
    return Trip(
        stops=tuple(map(Stop, chosen, shared_days(days, said))),
        daily_bytes=daily,
        needs_number=typed["number"],
        needs_hotspot=need.needs_hotspot,
    )


def shared_days(days: int, said: Sequence[int]) -> list[int]:
    """Days by stop that add up to `days`, each at least one: as said, where that fits.

    0 is a stop of which nothing was said: those share what is left, the first ones more.
    """
    assert len(said) <= days
    silent = sum(1 for one in said if not one)
    left = days - sum(said)
    if left < silent or (not silent and left):
        return shared_days(days, [0] * len(said))
    parts = iter([left // silent + (place < left % silent) for place in range(silent)])
    return [one or next(parts) for one in said]


def find(trip: Trip) -> Found:
    """Every way to cover the trip, with its reasons in words."""
    offers = catalogue.offers()
    served = {code for row, _ in offers.values() if not row.is_top_up for code in row.countries}
    ways = rules.rank(trip, [offer for _row, offer in offers.values()])
    rows = {code: row for code, (row, _offer) in offers.items()}
    return Found(
        trip=trip,
        ways=tuple(
            Shown(way, tuple(bought_of(trip, way, rows)), sentences(way, rows)) for way in ways
        ),
        uncovered=tuple(stop.country for stop in trip.stops if stop.country not in served),
    )


def bought_of(trip: Trip, way: Way, rows: dict[str, PlanRow]) -> Iterator[Bought]:
    for one in way.purchases:
        countries = tuple(trip.stops[place].country for place in one.stops)
        refill = rows[one.refill.code] if one.refill and one.refill != one.offer else None
        yield Bought(rows[one.offer.code], one, countries, refill)
