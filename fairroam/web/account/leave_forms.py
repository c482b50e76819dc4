"""The forms of leaving: when, that it was read, the way back, and an answer to a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from fairroam.apps.closures.operations import Wish
from fairroam.apps.esims.operations.numbers_stock import as_e164
from fairroam.apps.esims.refusals import NotANumber
from fairroam.rules.closure_timing import UNDO
from fairroam.web.components import formats

Choices = list[tuple[str, str | Promise]]


class LeaveForm(forms.Form):
    """When, one tick that says it was read, and the key of the form."""

    timing = forms.ChoiceField(
        label=gettext_lazy("When to close"), widget=forms.RadioSelect, initial="after_rest"
    )
    trip_ends_on = forms.DateField(
        label=gettext_lazy("Last day of your trip"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Text me as well, at this number"),
        help_text=gettext_lazy("Not a number that you have from us: it ends with the account."),
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    understood = forms.BooleanField(
        label=gettext_lazy("I have read what happens. Close my account."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        now: datetime,
        zone: str,
        plan_ends_at: datetime | None,
        has_texts: bool = False,
        **words: Any,
    ) -> None:
        super().__init__(*args, **words)
        timing = self.fields["timing"]
        assert isinstance(timing, forms.ChoiceField)
        timing.choices = choices(now, zone, plan_ends_at)
        if not has_texts:
            del self.fields["phone"]

    def clean(self) -> None:
        is_trip = self.cleaned_data.get("timing") == "trip_end"
        if is_trip and not self.cleaned_data.get("trip_ends_on") and not self.errors:
            self.add_error("trip_ends_on", _("Name the last day of your trip."))

    def clean_phone(self) -> str:
        typed: str = self.cleaned_data["phone"]
        try:
            return as_e164(typed) if typed else ""
        except NotANumber:
            words = _("Write the whole number with + and the country: +81 90 1234 5678.")
            raise forms.ValidationError(words) from None

    @property
    def wish(self) -> Wish:
        """What was chosen; the form must be valid."""
        chosen = self.cleaned_data
        is_trip = chosen["timing"] == "trip_end"
        return Wish(
            timing=chosen["timing"],
            trip_ends_on=chosen["trip_ends_on"] if is_trip else None,
            phone=chosen.get("phone", ""),
        )


def choices(now: datetime, zone: str, plan_ends_at: datetime | None) -> Choices:
    """The times that there are, each with its instant; what is safest first."""
    language = get_language() or "en"
    earliest = now + UNDO

    def at(moment: datetime) -> str:
        return formats.until(moment, zone, language)

    offered: Choices = [
        (
            "after_rest",
            _("After 72 hours, on %(at)s. Until then one button takes it back.")
            % {"at": at(earliest)},
        )
    ]
    if plan_ends_at is not None:
        ends = at(max(earliest, plan_ends_at))
        offered.append(("plan_end", _("When my last plan ends, on %(at)s.") % {"at": ends}))
    offered.append(("trip_end", _("When my trip ends: on the day below, at its end.")))
    offered.append(("at_once", _("At once. It cannot be taken back.")))
    return offered


class UndoForm(forms.Form):
    """Nothing but the button."""

    undo = forms.BooleanField(widget=forms.HiddenInput, initial=True)


class AnswerForm(forms.Form):
    """What a person asked, answered."""

    words = forms.CharField(
        label=gettext_lazy("Your answer"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
