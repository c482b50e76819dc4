"""How every app says what it keeps of people; and what the journal keeps.

One `Table` per table names every column once: what is given to its owner, what a closing erases,
what stays, why and until when. The export, the erasure, the page about what is kept and the test
that no column was forgotten all read these declarations; nothing is said a second time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import F, Field, Func, JSONField, Model, Q, QuerySet, TextField, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Why a column says nothing of a person.
KEY = "joins rows and tells repeats apart"
STEP = "how far our own work on it is"
STAFF = "about those who work here"
SHOP = "what is sold and how it is run: the same for everybody"
PROGRAM = "the program's own bookkeeping"
RULE = "which rules, texts and versions counted"
# Why a column is not in the export although it is about its owner.
SECRET = "opens something: it is shown where it is used, and nowhere else"  # noqa: S105 - a reason
GUARD = "shields from abuse, or says something of others"
# For what something stays after a closing; `RETAINED` says for how long.
BOOKS, DECISIONS, USAGE, PROOF = "BOOKS", "DECISIONS", "USAGE", "PROOF"
# Whole years after the end of the year of the closing. BOOKS: invoices and books, the longest of
# the countries served (EU one-stop shop, Directive 2006/112/EC, Art. 369k: 10 years; Germany,
# section 147 AO: 8 and 10). The others: claims between us (section 195 BGB: 3 years; decisions
# are vouchers of the books).
RETAINED = {BOOKS: 10, DECISIONS: 10, USAGE: 3, PROOF: 3}
# The headings of the declarations, in words for people.
TITLES: dict[str, Promise] = {
    "account": _("Your account"),
    "sign_in": _("How you sign in"),
    "contacts": _("Your address book"),
    "orders": _("Orders"),
    "money": _("Payments and balance"),
    "papers": _("Papers"),
    "lines": _("eSIMs"),
    "numbers": _("Phone numbers"),
    "usage": _("Usage"),
    "refunds": _("Money back"),
    "messages": _("Messages and mails"),
    "files": _("Files"),
    "leaving": _("Leaving"),
    "history": _("What happened when"),
}
# Why something stays after a closing.
PURPOSES: dict[str, Promise] = {
    BOOKS: _("tax law asks for it"),
    DECISIONS: _("so that you and we can prove what was decided and why"),
    USAGE: _("so that a bill can be checked while claims are possible"),
    PROOF: _("so that it can be shown that it was done, while claims are possible"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is kept in one table, about whom, and what becomes of it. Columns parted by spaces.

    whose: from a row to the customer's id, as Django looks it up, or the rows as a condition;
    empty when no row is about a customer. about: a heading for people, see `TITLES`.
    kept: stays after a closing, for `why`. erased: emptied. deleted: goes with its whole row.
    withheld: reason -> those of them that the export leaves out. ours: reason -> columns that
    say nothing of a person.
    """

    name: str
    about: str = ""
    whose: str | Callable[[int], Q] = ""
    why: str = ""
    kept: str = ""
    erased: str = ""
    deleted: str = ""
    withheld: Mapping[str, str] = field(default_factory=dict)
    ours: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Every column that is spoken of; one named twice is there twice."""
        groups = (self.kept, self.erased, self.deleted, *self.ours.values())
        return " ".join(groups).split()

    @property
    def given(self) -> list[str]:
        """What the export holds of each row, in the order of the declaration."""
        left_out = " ".join(self.withheld.values()).split()
        personal = f"{self.kept} {self.erased} {self.deleted}".split()
        return [column for column in personal if column not in left_out]

    @property
    def model(self) -> type[Model]:
        return models()[self.name]

    def rows(self, customer_id: int) -> QuerySet[Any]:
        """The customer's rows, oldest first."""
        assert self.whose, f"no row of {self.name} is about a customer"
        theirs = self.whose(customer_id) if callable(self.whose) else Q((self.whose, customer_id))
        found = self.model._default_manager.filter(theirs)
        return found.order_by(self.model._meta.pk.name)


@cache
def models() -> dict[str, type[Model]]:
    """Table -> its model, also of the libraries that we use."""
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}


def erase(tables: Iterable[Table], customer_id: int) -> dict[str, int]:
    """Empty what is declared as erased; how many values were erased, per column."""
    erased = {}
    for table in tables:
        columns = table.erased.split()
        # By which address rows are found may be among what goes: the rows first.
        rows = table.rows(customer_id).values_list("pk", flat=True) if columns else []
        found = table.model._default_manager.filter(pk__in=list(rows))
        for column in columns:
            written = found.exclude(_is_empty(table, column))
            erased[f"{table.name}.{column}"] = written.update(**{column: _nothing(table, column)})
    return erased


def remains(tables: Iterable[Table], customer_id: int) -> int:
    """How many values that are declared as erased are still there."""
    return sum(
        table.rows(customer_id).exclude(_is_empty(table, column)).count()
        for table in tables
        for column in table.erased.split()
    )


# Joined with one of these it is another address: joann@ is not ann@, .com.au is not .com.
BEFORE, AFTER = r"(?<![[:alnum:]._+%-])", r"(?![[:alnum:]_-]|[.][[:alnum:]])"


def hide(address: str, *places: tuple[QuerySet[Any], str]) -> int:
    """Take a mail address out of these columns of rows, whatever its case; in how many it stood."""
    hidden = 0
    for rows, column in places:
        without = Func(
            F(column),
            Value(f"{BEFORE}{re.escape(address)}{AFTER}"),
            Value("…"),
            Value("gi"),
            function="regexp_replace",
            output_field=TextField(),
        )
        hidden += rows.filter((f"{column}__icontains", address)).update(**{column: without})
    return hidden


def field_of(table: Table, column: str) -> Field[Any, Any]:
    """The field of a column. Raises StopIteration for one that is not there."""
    return next(one for one in table.model._meta.concrete_fields if one.column == column)


def _nothing(table: Table, column: str) -> Any:
    one = field_of(table, column)
    if one.null:
        return None
    return {} if isinstance(one, JSONField) else ""


def _is_empty(table: Table, column: str) -> Q:
    nothing = _nothing(table, column)
    return Q((f"{column}__isnull", True)) if nothing is None else Q((column, nothing))


TABLES = (
    Table(
        name="journal_event",
        about="history",
        whose="customer_id",
        why=PROOF,
        kept="kind happened_at",
        ours={KEY: "id customer_id facts", STAFF: "actor", PROGRAM: "recorded_at"},
    ),
    Table(
        name="journal_answer",
        ours={PROGRAM: "id principal route key fingerprint answer answered_at"},
    ),
)
