"""What may be chosen when money is asked back; nothing has to be."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fairroam.apps.refunds.operations import Choice
from fairroam.rules.money import Money
from fairroam.web.components.amounts import minor_of, take_amounts
from fairroam.web.components.uploads import FilesField

WISHES = [
    ("", gettext_lazy("Money, as calculated")),
    ("full", gettext_lazy("All of what I paid")),
    ("part", gettext_lazy("A part of what I paid")),
    ("replacement", gettext_lazy("A new eSIM instead of money")),
    ("credit", gettext_lazy("Credit for another plan")),
]
DESTINATIONS = {
    "original": gettext_lazy("Back the way you paid"),
    "transfer": gettext_lazy("By bank transfer; we ask for the account afterwards"),
    "wallet": gettext_lazy(
        "As credit in your wallet, at once; what you do not spend can still go back the way you"
        " paid"
    ),
}


class RefundForm(forms.Form):
    """Amounts are typed as people write them: 9.50. `currency` is the order's."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    currency = forms.CharField(max_length=3, required=False, widget=forms.HiddenInput)
    asked = forms.DecimalField(
        min_value=0,
        max_digits=12,
        required=False,
        help_text=gettext_lazy(
            "Leave it empty for all that is due. You may ask for more: a person looks at the rest."
        ),
    )
    wish = forms.ChoiceField(
        label=gettext_lazy("What you would like best"), choices=WISHES, required=False
    )
    destination = forms.ChoiceField(
        label=gettext_lazy("Where the money goes"), required=False, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=gettext_lazy("What you want to tell us"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    uploads = FilesField(
        label=gettext_lazy("Pictures, PDF or text"),
        help_text=gettext_lazy("Up to 10 MB each. Where a picture was taken is removed from it."),
    )

    def __init__(
        self, typed: Any, files: Any, *, own_currency: str, destinations: tuple[str, ...]
    ) -> None:
        initial = {"key": uuid4(), "currency": own_currency, "destination": destinations[0]}
        super().__init__(typed, files, initial=initial)
        self.own_currency, self.first_destination = own_currency, destinations[0]
        asked, destination = self.fields["asked"], self.fields["destination"]
        assert isinstance(destination, forms.ChoiceField)
        asked.label = _("Only a part, in %(currency)s") % {"currency": own_currency}
        take_amounts(asked, own_currency, least_minor=0)
        destination.choices = [(name, DESTINATIONS[name]) for name in destinations]
        if len(destinations) == 1:
            destination.widget = forms.HiddenInput()

    @property
    def has_choices(self) -> bool:
        """Whether something beyond the click was typed, so that it has to be seen."""
        return any(self[name].value() for name in ("asked", "wish", "words")) or bool(self.errors)

    @property
    def choice(self) -> Choice:
        """What was chosen; an amount is of the currency that the form says."""
        typed = self.cleaned_data
        currency = typed["currency"] or self.own_currency
        minor = minor_of(typed["asked"], self.own_currency)
        destination = typed["destination"] or self.first_destination
        return Choice(
            asked=Money(minor, currency) if minor else None,
            wish=typed["wish"],
            destination=destination,
            agreed_words=str(DESTINATIONS[destination]) if destination == "wallet" else "",
            words=typed["words"],
        )
