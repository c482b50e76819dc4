"""Rows that are written once and never edited: looked through, filtered, saved; nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import User
from fairroam.apps.esims.queries import calls
from fairroam.apps.journal import queries as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.models import CUSTOMER_KINDS, HOUSE_KINDS, Book
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds.queries import reports as refunds
from fairroam.apps.wallet.queries import records as wallet
from fairroam.clock import now
from fairroam.rules.money import Money
from fairroam.web.components import formats
from fairroam.web.components.csv_cells import write_csv
from fairroam.web.components.words import PAPERS
from fairroam.web.desk import words
from fairroam.web.desk.lines import CALLS
from fairroam.web.desk.staff import staff_only

PAGE = 50
FILE_ROWS_MAX = 20_000
LAST_DAY = date(2999, 12, 31)


class Named(NamedTuple):
    """A code as files have it, and what people read instead."""

    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One sort of rows. columns: name in a file -> heading; values: what one row says in each.

    amounts: the columns of money. at, kind, key, customer: where the filters look; of several
    any may fit.
    """

    title: str | Promise
    columns: dict[str, str | Promise]
    rows: Callable[[], QuerySet[Any]]
    values: Callable[[Any], tuple[object, ...]]
    at: str
    key: tuple[str, str | Promise]
    customer: tuple[str, ...]
    amounts: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    kinds: Mapping[str, str | Promise] = field(default_factory=dict)


def book(row: Book) -> Named:
    """A book, and whose it is."""
    owner = f"customer:{row.customer_id}" if row.customer_id else ""
    label = words.book_label(row.kind, row.label, get_language() or "en")
    parts = (words.book(row.kind), label, words.actor(owner) if owner else "")
    return Named(str(row), " · ".join(str(part) for part in parts if part))


def total(paper: Paper) -> Money | None:
    """The sum that a paper names, if it names one."""
    said = paper.statement.get("total")
    return Money(said["minor"], said["currency"]) if said else None


WHEN, AMOUNT, NUMBER, CUSTOMER = _("Time"), _("Amount"), _("Number"), _("Customer")
RECORDS: dict[str, Record] = {
    "transfers": Record(
        title=_("Transfers between books"),
        columns={"at": WHEN, "from": _("From"), "to": _("To"), "amount": AMOUNT, "key": _("Act")},
        rows=ledger.transfers,
        values=lambda row: (
            row.booked_at,
            book(row.source),
            book(row.target),
            Money(row.minor, row.currency),
            row.key,
        ),
        amounts=("amount",),
        at="booked_at",
        key=("key", _("Act begins with")),
        customer=("source__customer_id", "target__customer_id"),
        kind=("source__kind", "target__kind"),
        kinds={kind: words.book(kind) for kind in (*HOUSE_KINDS, *CUSTOMER_KINDS)},
    ),
    "decisions": Record(
        title=_("Decisions on refunds"),
        columns={
            "at": WHEN,
            "number": NUMBER,
            "ground": _("Ground"),
            "due": _("Due"),
            "goodwill": _("Goodwill"),
            "by": _("Who"),
            "confirmed_by": _("Confirmed by"),
            "supersedes": _("Replaces"),
        },
        rows=refunds.decisions,
        values=lambda row: (
            row.decided_at,
            row.number,
            Named(row.ground or "", words.ground(row.ground or "")),
            Money(row.due_minor, row.currency),
            Money(row.goodwill_minor, row.currency),
            Named(row.decided_by, words.actor(row.decided_by)),
            Named(row.confirmed_by, row.confirmed_by and words.actor(row.confirmed_by)),
            row.supersedes.number if row.supersedes else "",
        ),
        amounts=("due", "goodwill"),
        at="decided_at",
        key=("number", _("Number begins with")),
        customer=("request__customer_id",),
    ),
    "events": Record(
        title=_("Events"),
        columns={
            "at": WHEN,
            "kind": _("What"),
            "by": _("Who"),
            "customer": CUSTOMER,
            "facts": _("Facts"),
        },
        rows=journal.events,
        values=lambda row: (
            row.happened_at,
            row.kind,
            Named(row.actor, words.actor(row.actor)),
            row.customer_id,
            row.facts,
        ),
        at="happened_at",
        key=("kind", _("Begins with, such as “refund.”")),
        customer=("customer_id",),
    ),
    "papers": Record(
        title=_("Papers"),
        columns={
            "at": WHEN,
            "kind": _("What"),
            "number": NUMBER,
            "refers_to": _("Refers to"),
            "total": AMOUNT,
            "customer": CUSTOMER,
        },
        rows=papers.all_papers,
        values=lambda row: (
            row.issued_at,
            Named(row.kind, str(PAPERS[row.kind])),
            row.number,
            row.refers_to.number if row.refers_to else "",
            total(row),
            row.customer_id,
        ),
        amounts=("total",),
        at="issued_at",
        key=("number", _("Number begins with")),
        customer=("customer_id",),
        kind=("kind",),
        kinds=PAPERS,
    ),
    "moves": Record(
        title=_("The wallets' history"),
        columns={"at": WHEN, "amount": AMOUNT, "cause": _("Act"), "customer": CUSTOMER},
        rows=wallet.moves,
        values=lambda row: (
            row.moved_at,
            Money(row.minor, row.lot.currency),
            row.cause,
            row.lot.customer_id,
        ),
        amounts=("amount",),
        at="moved_at",
        key=("cause", _("Act begins with")),
        customer=("lot__customer_id",),
    ),
    "calls": Record(
        title=_("Calls to the carrier"),
        columns={"at": WHEN, "call": _("Call"), "outcome": _("Outcome"), "id": _("Id")},
        rows=calls.carrier_calls,
        values=lambda row: (
            row.sent_at,
            Named(row.function, str(CALLS.get(row.function, row.function))),
            Named(row.outcome or "", words.answer(row.outcome)),
            row.call_id,
        ),
        at="sent_at",
        key=("iccid", _("ICCID begins with")),
        customer=("profile__customer_id",),
        kind=("function",),
        kinds=CALLS,
    ),
}


class FilterForm(forms.Form):
    """Which rows: of a kind, of a customer, of some days, of an act."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    customer = forms.CharField(label=_("Customer's number"), max_length=20, required=False)
    begins = forms.CharField(max_length=120, required=False)
    since = forms.DateField(
        label=_("From day (UTC)"),
        required=False,
        validators=[MaxValueValidator(LAST_DAY)],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    until = forms.DateField(
        label=_("To day (UTC)"),
        required=False,
        validators=[MaxValueValidator(LAST_DAY)],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, record: Record, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [("", _("all")), *record.kinds.items()]
        if not record.kinds:
            del self.fields["kind"]
        self.fields["begins"].label = str(record.key[1])

    def clean_customer(self) -> int | None:
        """The id behind the number."""
        typed = str(self.cleaned_data["customer"]).strip().upper()
        found = customers.customer_by_number(typed) if typed else None
        if typed and found is None:
            raise forms.ValidationError(gettext("No customer has this number."))
        return found

    def asked(self, record: Record) -> Q:
        """All that was asked for, as one condition. Days are the seller's, the last included."""
        said, zone = self.cleaned_data, ZoneInfo(settings.TIME_ZONE)
        wanted = Q()
        if said.get("kind"):
            wanted &= any_of(record.kind, said["kind"])
        if said["customer"]:
            wanted &= any_of(record.customer, said["customer"])
        if said["begins"]:
            wanted &= Q((f"{record.key[0]}__startswith", said["begins"]))
        if said["since"]:
            wanted &= Q((f"{record.at}__gte", datetime.combine(said["since"], time(), zone)))
        if said["until"]:
            after = datetime.combine(said["until"] + timedelta(days=1), time(), zone)
            wanted &= Q((f"{record.at}__lt", after))
        return wanted


def any_of(columns: Iterable[str], value: object) -> Q:
    """A row in which one of the columns is the value."""
    wanted = Q()
    for column in columns:
        wanted |= Q((column, value))
    return wanted


@never_cache
@staff_only(role="operator")
@require_safe
def records(request: HttpRequest, staff: User, kind: str = "transfers") -> HttpResponse:
    """Rows that nobody edits, the newest first, a page at a time; `?form=csv` for a file."""
    record = RECORDS.get(kind)
    if record is None:
        raise NotAmongYours
    form = FilterForm(record, request.GET, auto_id="filter_%s")
    before = request.GET.get("before", "")
    is_page = before.isascii() and before.isdecimal() and len(before) < 18
    found = record.rows().filter(form.asked(record)) if form.is_valid() else record.rows().none()
    if request.GET.get("form") == "csv" and form.is_valid():
        return saved(kind, record, found[:FILE_ROWS_MAX])
    rows = list((found.filter(pk__lt=int(before)) if is_page else found)[: PAGE + 1])
    asked = request.GET.copy()
    if len(rows) > PAGE:
        asked["before"] = str(rows[PAGE - 1].pk)
    context = {
        "kind": kind,
        "record": record,
        "records": RECORDS,
        "heads": [(title, name in record.amounts) for name, title in record.columns.items()],
        "form": form,
        "rows": [list(shown(record, row, request.LANGUAGE_CODE)) for row in rows[:PAGE]],
        "older": asked.urlencode() if len(rows) > PAGE else "",
        "most": FILE_ROWS_MAX,
    }
    return render(request, "desk/records.html", context, status=200 if form.is_valid() else 422)


def shown(record: Record, row: Any, language: str) -> Iterator[tuple[str, bool, str | Promise]]:
    """Each cell in words, whether it is an amount, and the title of its column."""
    for (name, title), value in zip(record.columns.items(), record.values(row), strict=True):
        yield in_words(value, language), name in record.amounts, title


def in_words(value: object, language: str) -> str:
    """What people read; a dash for nothing. Instants to the second, in the seller's zone."""
    if isinstance(value, Money):
        return formats.money(value.minor, value.currency, language)
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(settings.TIME_ZONE)):%Y-%m-%d %H:%M:%S %Z}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {json.dumps(fact)}" for name, fact in value.items()) or "–"
    said = value.words if isinstance(value, Named) else value
    return "–" if said in (None, "") else str(said)


def saved(kind: str, record: Record, rows: QuerySet[Any]) -> HttpResponse:
    """The rows as a file: codes, whole minor units with their currency, instants by RFC 3339."""
    head = [f"{name}_minor" if name in record.amounts else name for name in record.columns]
    table = [[*head, "currency"] if record.amounts else head]
    table += [cells(record, record.values(row)) for row in rows]
    file = HttpResponse(write_csv(table), content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = f'attachment; filename="{kind}-{now():%Y-%m-%d}.csv"'
    return file


def cells(record: Record, values: tuple[object, ...]) -> list[str]:
    """One row of a file."""
    currency = [value.currency for value in values if isinstance(value, Money)][:1]
    return [in_code(value) for value in values] + (currency or [""] if record.amounts else [])


def in_code(value: object) -> str:
    """What programs read; nothing for nothing."""
    if isinstance(value, Money):
        return str(value.minor)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return json.dumps(value)
    said = value.code if isinstance(value, Named) else value
    return "" if said is None else str(said)
