"""Import of dated tables: all or nothing, every bad row named, safe to repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction

from fairroam.apps.catalogue.models import Coverage, Device, LocalTariff, Operator, TaxRate
from fairroam.apps.catalogue.operations.rows import NEEDED, Row, columns_of, read_rows
from fairroam.apps.catalogue.refusals import BadRow, TablesRefused

MODELS: dict[str, type[models.Model]] = {
    "operators": Operator,
    "coverage": Coverage,
    "devices": Device,
    "tax_rates": TaxRate,
    "local_tariffs": LocalTariff,
}
KEYS: dict[type[models.Model], tuple[str, ...]] = {
    Operator: ("mcc", "mnc"),
    Coverage: ("profile_type", "country", "operator_id", "radio", "as_of", "edition"),
    Device: ("maker", "model", "as_of"),
    TaxRate: ("country", "from_on"),
    LocalTariff: ("country", "operator", "name", "seen_on"),
}
Key = tuple[Any, ...]
TRUTHS = {"true": True, "false": False}


class BadCells(Exception):
    """A row that cannot be taken: reasons by column; an empty column means the whole row."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of one table, a key counted once.

    corrected: operators only, since a name has no date. known: said before, word for word.
    """

    added: int
    corrected: int
    known: int


@transaction.atomic
def import_tables(files: Mapping[str, bytes], *, today: date) -> dict[str, Imported]:
    """Take in every table of NEEDED; file names end in .csv or .toml.

    A dated row is added and never changed: the same row again is nothing new, the same key with
    other content is refused. Operators have no date, so that their names may be corrected.
    Raises TablesRefused, with every bad row of every file; then nothing is taken.
    """
    with connection.cursor() as cursor:  # Two imports at once take turns.
        cursor.execute("LOCK TABLE catalogue_operator IN SHARE ROW EXCLUSIVE MODE")
    read = [row for name, content in files.items() for row in read_rows(name, content)]
    bad = [row for row in read if isinstance(row, BadRow)]
    outcomes = {}
    for table in NEEDED:  # operators first: coverage names them
        rows = [row for row in read if isinstance(row, Row) and row.table == table]
        outcomes[table] = _take(table, rows, bad, today)
    if bad:
        raise TablesRefused(bad)
    return outcomes


def _take(table: str, rows: list[Row], bad: list[BadRow], today: date) -> Imported:
    """Write the good rows of one table, and add the others to `bad`."""
    model = MODELS[table]
    stored = {_key(one): one for one in model._default_manager.all()}
    operators = _operators() if model is Coverage else {}
    read: dict[Key, models.Model] = {}
    for row in rows:
        try:
            one = _built(row, operators, today)
            _refuse_contradiction(one, read.get(_key(one)), "an earlier row of this import")
            if model is not Operator:
                _refuse_contradiction(one, stored.get(_key(one)), "what was imported before")
            read[_key(one)] = one
        except BadCells as error:
            bad += [BadRow(row.place, column, text) for column, text in error.reasons.items()]
    return _write(model, read, stored)


def _write(
    model: type[models.Model], read: dict[Key, models.Model], stored: dict[Key, models.Model]
) -> Imported:
    new = [one for key, one in read.items() if key not in stored]
    corrected = []
    for key, one in read.items():
        if key in stored and _content(one) != _content(stored[key]):
            one.pk = stored[key].pk
            corrected.append(one)
    model._default_manager.bulk_create(new)
    if corrected:
        model._default_manager.bulk_update(corrected, ["name", "country", "is_fictional"])
    return Imported(len(new), len(corrected), len(read) - len(new) - len(corrected))


def _operators() -> dict[tuple[str, str], Operator]:
    return {(one.mcc, one.mnc): one for one in Operator.objects.all()}


def _built(row: Row, operators: Mapping[tuple[str, str], Operator], today: date) -> models.Model:
    """The row as it would be stored, not yet written. Raises BadCells."""
    cells = _whole(row)
    if row.table == "coverage":
        codes = str(cells.pop("mcc")), str(cells.pop("mnc"))
        if codes not in operators:
            raise BadCells({"mnc": f"No operator has the codes {'-'.join(codes)}."})
        cells["operator"] = operators[codes]
    one = MODELS[row.table](**cells)
    try:
        # The operator was found above; asking the database for each row would take long.
        one.clean_fields(exclude={"operator"})
        one.clean()
    except ValidationError as error:
        reasons = error.message_dict.items()
        raise BadCells({column: " ".join(texts) for column, texts in reasons}) from error
    for column in ("as_of", "seen_on"):
        if getattr(one, column, today) > today:
            raise BadCells({column: "Nothing is known as of a day to come."})
    return one


def _whole(row: Row) -> dict[str, Any]:
    """The cells of a row that says all that it must and nothing else. Raises BadCells."""
    cells = {name: value for name, value in row.cells.items() if value != ""}
    reasons = {name: "It is missing." for name in NEEDED[row.table] if name not in cells}
    for name, value in cells.items():
        if name not in columns_of(row.table):
            reasons[name] = "There is no such column."
        elif not isinstance(value, str | bool | date):
            reasons[name] = "Write it as text: a number loses its zeros."
        elif "\x00" in str(value):
            reasons[name] = "It holds a character that no text has."
    if reasons:
        raise BadCells(reasons)
    return {name: TRUTHS.get(str(value), value) for name, value in cells.items()}


def _refuse_contradiction(one: models.Model, other: models.Model | None, which: str) -> None:
    if other is not None and _content(one) != _content(other):
        raise BadCells({"": f"It contradicts {which}: same key, other content."})


def _key(one: models.Model) -> Key:
    return tuple(getattr(one, name) for name in KEYS[type(one)])


def _content(one: models.Model) -> Key:
    return tuple(
        field.value_from_object(one)
        for field in one._meta.fields
        if field.name not in ("id", "is_hidden")  # hidden at the desk, it stays so
    )
