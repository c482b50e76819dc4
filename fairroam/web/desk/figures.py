"""Tax by country, margin by plan, and money back by ground, for one month: from the books."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.refunds.queries import reports as refunds
from fairroam.apps.suppliers import queries as suppliers
from fairroam.clock import now
from fairroam.web.components import formats
from fairroam.web.components.charts import Portion
from fairroam.web.components.csv_cells import write_csv
from fairroam.web.desk import words
from fairroam.web.desk.staff import staff_only

MONTHS_SHOWN = 12


def month_after(first: datetime) -> datetime:
    """The first instant of the next month, in the same zone."""
    years, month = divmod(first.month, 12)
    return first.replace(year=first.year + years, month=month + 1)


def months(at: datetime) -> list[datetime]:
    """The first instants of this month and of those before it, in the seller's zone."""
    this = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    first = this.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = [first]
    while len(found) < MONTHS_SHOWN:
        years, month = divmod(found[-1].month - 2, 12)
        found.append(found[-1].replace(year=found[-1].year + years, month=month + 1))
    return found


@never_cache
@staff_only(role="senior")
@require_safe
def figures(request: HttpRequest, staff: User) -> HttpResponse:
    """One of the last twelve months; `?form=csv` for a file."""
    choices = {f"{first:%Y-%m}": first for first in months(now())}
    wanted = request.GET.get("month", next(iter(choices)))
    if wanted not in choices:
        raise NotAmongYours
    since, until = choices[wanted], month_after(choices[wanted])
    tax = ledger.tax_between(since, until)
    margins = suppliers.margins(since, until)
    grounds = refunds.by_ground(since, until)
    if request.GET.get("form") == "csv":
        rows = csv_rows(wanted, tax, margins, grounds)
        file = HttpResponse(write_csv(rows), content_type="text/csv; charset=utf-8")
        file["Content-Disposition"] = f'attachment; filename="figures-{wanted}.csv"'
        return file
    language = request.LANGUAGE_CODE
    names = words.plan_names(language)
    context = {
        "month": wanted,
        "choices": [(key, formats.month(first.date(), language)) for key, first in choices.items()],
        "tax": [(*words.country_and_rate(row.label, language), row) for row in tax],
        "tax_pictures": by_currency((row.currency, of_tax(row, language)) for row in tax),
        "margins": [(names.get(row.plan, row.plan), row) for row in margins],
        "margin_pictures": by_currency(
            (row.currency, of_plan(row, names.get(row.plan, row.plan), language)) for row in margins
        ),
        "grounds": [(words.ground(row.ground), row) for row in grounds],
    }
    return render(request, "desk/figures.html", context)


def by_currency(portions: Iterable[tuple[str, Portion]]) -> dict[str, list[Portion]]:
    """Amounts of one currency make one picture: lengths of two mean nothing side by side."""
    found: dict[str, list[Portion]] = {}
    for currency, portion in portions:
        found.setdefault(currency, []).append(portion)
    return found


def of_tax(row: ledger.TaxRow, language: str) -> Portion:
    """What was charged, and what of it is owed to the tax office."""
    amount = formats.money(row.owed, row.currency, language)
    return Portion(words.book_label("tax", row.label, language), amount, row.charged, row.owed)


def of_plan(row: suppliers.MarginRow, name: str, language: str) -> Portion:
    """Revenue, and what of it is margin, where its cost is known."""
    shown = row.revenue if row.margin is None else row.margin
    amount = formats.money(shown, row.currency, language)
    return Portion(name, amount, row.revenue, row.margin)


def csv_rows(
    month: str,
    tax: list[ledger.TaxRow],
    margins: list[suppliers.MarginRow],
    grounds: list[refunds.GroundRow],
) -> list[tuple[object, ...]]:
    """The figures exactly, in minor units, one figure a row."""
    rows: list[tuple[object, ...]] = [("month", "figure", "of", "currency", "value")]
    for one in tax:
        parts = {"charged": one.charged, "given_back": one.back, "owed": one.owed}
        rows += [(month, f"tax_{k}", one.label, one.currency, v) for k, v in parts.items()]
    for row in margins:
        rows.append((month, "lines", row.plan, row.currency, row.count))
        rows.append((month, "revenue_without_tax", row.plan, row.currency, row.revenue))
        rows.append((month, "refunded_with_tax", row.plan, row.currency, row.refunded))
        if row.cost_currency:
            rows.append((month, "wholesale_cost", row.plan, row.cost_currency, row.cost))
        if row.margin is not None:
            rows.append((month, "margin", row.plan, row.currency, row.margin))
    for ground in grounds:
        name = ground.ground or "none"
        rows.append((month, "decisions", name, ground.currency, ground.count))
        rows.append((month, "due", name, ground.currency, ground.due))
        rows.append((month, "goodwill", name, ground.currency, ground.goodwill))
    return rows
