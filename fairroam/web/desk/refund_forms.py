"""What a person may say to a case. Amounts are typed as people write them: 9.50."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fairroam.apps.customers import queries as customers
from fairroam.apps.refunds.queries.completeness import CODES
from fairroam.rules import offers
from fairroam.rules.money import minor_digits
from fairroam.web.components.amounts import minor_of, take_amounts
from fairroam.web.components.words import MISSING

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

GIGABYTE = 10**9


def words_field(label: StrPromise, required: StrPromise) -> forms.CharField:
    """A box for what the customer reads. required: what is said when it is empty."""
    return forms.CharField(
        label=label,
        max_length=2000,
        error_messages={"required": required},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CaseForm(forms.Form):
    """A form about a case in one currency, given by keyword."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.digits = currency, minor_digits(currency)


class ApproveForm(CaseForm):
    """Pay what is due, with goodwill if the terms leave room."""

    goodwill = forms.DecimalField(min_value=0, max_digits=12, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goodwill = self.fields["goodwill"]
        goodwill.label = _("Goodwill on top, in %(currency)s") % {"currency": self.currency}
        take_amounts(goodwill, self.currency, least_minor=0)

    @property
    def goodwill_minor(self) -> int:
        """The typed amount in whole minor units."""
        return minor_of(self.cleaned_data["goodwill"], self.currency)


class DeclineForm(CaseForm):
    """Say no, with a reason."""

    words = words_field(
        gettext_lazy("What you tell the customer"),
        gettext_lazy("Write the reason; the customer reads it."),
    )


class OfferForm(CaseForm):
    """Offer money on top, credit, data or days."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What you offer"),
        choices=[
            ("money", gettext_lazy("money, on top of what is due")),
            ("wallet_bonus", gettext_lazy("credit in the wallet, a gift")),
            ("extra_data", gettext_lazy("more data, in GB")),
            ("extension", gettext_lazy("more days")),
        ],
        widget=forms.RadioSelect,
    )
    amount = forms.DecimalField(label=gettext_lazy("How much"), min_value=0, max_digits=12)
    hours = forms.TypedChoiceField(
        label=gettext_lazy("It stands for"),
        coerce=int,
        choices=[
            (24, gettext_lazy("1 day")),
            (48, gettext_lazy("2 days")),
            (72, gettext_lazy("3 days")),
            (168, gettext_lazy("7 days")),
            (336, gettext_lazy("14 days")),
        ],
        initial=72,
    )
    words = words_field(
        gettext_lazy("What you tell the customer"),
        gettext_lazy("Write a word to it; the customer reads it."),
    )

    @property
    def quantity(self) -> int:
        """The typed amount in the units of its kind."""
        amount: Decimal = self.cleaned_data["amount"]
        return int(amount * self.unit(self.cleaned_data["kind"]))

    def unit(self, kind: str) -> int:
        """How many of the units of `rules.offers` one typed unit is."""
        units: dict[str, int] = {
            "money": 10**self.digits,
            "wallet_bonus": 10**self.digits,
            "extra_data": GIGABYTE,
            "extension": 1,
        }
        return units[kind]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        amount, kind = cleaned.get("amount"), cleaned.get("kind")
        if amount is None or kind is None:
            return cleaned
        quantity = amount * self.unit(kind)
        most = {"extra_data": offers.EXTRA_BYTES_MAX, "extension": offers.EXTRA_DAYS_MAX}
        if quantity != quantity.to_integral_value() or not 0 < quantity <= most.get(kind, quantity):
            self.add_error("amount", _("That amount cannot be offered."))
        return cleaned


class AskForm(CaseForm):
    """Ask the customer for what is missing."""

    missing = forms.MultipleChoiceField(
        label=gettext_lazy("What is missing"),
        choices=[(code, MISSING[code]) for code in CODES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    words = words_field(
        gettext_lazy("What you ask the customer"),
        gettext_lazy("Write your question; the customer reads it."),
    )


class ReplaceForm(CaseForm):
    """Give the new eSIM that was wished for."""

    words = forms.CharField(
        label=gettext_lazy("What you tell the customer"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class HandOverForm(CaseForm):
    """Give the case to a colleague, or back to the queue."""

    to = forms.ChoiceField(
        label=gettext_lazy("Hand over to"),
        choices=lambda: [
            ("", gettext_lazy("whoever is free")),
            *((one.email, one.email) for one in customers.team()),
        ],
        required=False,
    )


class PlainForm(CaseForm):
    """An act that needs no words: only the case it is about."""

    proposal = forms.IntegerField(required=False, widget=forms.HiddenInput)
