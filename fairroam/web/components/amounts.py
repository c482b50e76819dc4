"""Amounts as people type them: in the units of a currency, with its decimals."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.core.validators import DecimalValidator
from django.utils.translation import gettext as _

from fairroam.rules.money import minor_digits


def take_amounts(field: forms.Field, currency: str, *, least_minor: int = 1) -> None:
    """Let a decimal field take amounts of that currency. least_minor: what its widget begins at."""
    assert isinstance(field, forms.DecimalField)
    field.validators.append(DecimalValidator(max_digits=12, decimal_places=minor_digits(currency)))
    field.widget.attrs |= {
        "min": as_typed(least_minor, currency),
        "step": as_typed(1, currency),
        "inputmode": "decimal",
    }


def as_typed(minor: int, currency: str) -> str:
    """Minor units as somebody would type them."""
    return str(Decimal(minor).scaleb(-minor_digits(currency)))


def whole_minor(form: forms.BaseForm, name: str, amount: Decimal, currency: str) -> int:
    """An amount in minor units of a currency chosen beside it.

    A part of a unit is an error of the field.
    """
    minor = amount.scaleb(minor_digits(currency))
    if minor != minor.to_integral_value():
        form.add_error(name, _("This currency has no such small part."))
    return int(minor)


def minor_of(amount: Decimal | None, currency: str) -> int:
    """A typed amount in whole minor units; 0 where none was typed."""
    return int((amount or Decimal(0)).scaleb(minor_digits(currency)))
