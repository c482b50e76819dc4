"""Tariffs of local SIMs, as somebody at the desk saw them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from fairroam.apps.catalogue.models import LocalTariff
from fairroam.apps.catalogue.refusals import TariffRefused
from fairroam.apps.journal import operations as journal


@transaction.atomic
def add_tariff(*, seen_on: date, actor: str, now: datetime, **fields: Any) -> LocalTariff:
    """Add what was seen on a day; seen again later it is a new row. Raises TariffRefused."""
    tariff = LocalTariff(seen_on=seen_on, **fields)
    try:
        tariff.full_clean()
    except ValidationError as error:
        raise TariffRefused(reasons=error.message_dict) from error
    if seen_on > now.date():
        raise TariffRefused(reasons={"seen_on": [str(_("This day is still to come."))]})
    tariff.save()
    journal.tell("tariff.added", actor=actor, now=now, tariff_id=tariff.pk)
    return tariff


@transaction.atomic
def hide_tariff(*, tariff_id: int, actor: str, now: datetime) -> None:
    """Show a row no more. Safe to repeat."""
    if LocalTariff.objects.filter(pk=tariff_id, is_hidden=False).update(is_hidden=True):
        journal.tell("tariff.hidden", actor=actor, now=now, tariff_id=tariff_id)
