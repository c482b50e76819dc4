"""Dated tables with sources: taken in whole or not at all, never overwritten, the newest counts."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from fairroam.apps.catalogue import queries
from fairroam.apps.catalogue.models import Coverage, Device, Operator, TaxRate
from fairroam.apps.catalogue.operations import Imported, import_tables
from fairroam.apps.catalogue.refusals import TablesRefused
from fairroam.project import import_catalogue

pytestmark = pytest.mark.usefixtures("catalogue")
TODAY = date(2026, 11, 2)
OPERATOR = {"country": "JP", "name": "Third Mobile JP", "mcc": "999", "mnc": "090"}
OPERATOR |= {"is_fictional": "true"}
COVERED = {"profile_type": "travel-data", "country": "JP", "mcc": "999", "mnc": "090"}
COVERED |= {"radio": "5G", "as_of": "2026-10-01", "source": "fictional"}
DEVICE = {"maker": "Example Phones", "model": "Two", "esim": "yes", "notes": ""}
DEVICE |= {"is_fictional": "true", "as_of": "2026-10-01", "source": "fictional"}
TARIFF = {"country": "AT", "operator": "Third Mobile AT", "name": "SIM", "price_minor": "990"}
TARIFF |= {"currency": "EUR", "days": "30", "source": "https://example.com/sim"}
TARIFF |= {"seen_on": "2026-10-01"}
TAX = {"country": "AT", "rate": "0.20", "from_on": "1995-01-01", "source": "UStG § 10"}


def a_csv(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def reasons(**files: bytes) -> list[str]:
    """Why such files are refused, file names as `coverage_csv`."""
    before = [model.objects.count() for model in (Operator, Coverage, Device, TaxRate)]
    with pytest.raises(TablesRefused) as refused:
        import_tables({name.replace("_", "."): text for name, text in files.items()}, today=TODAY)
    assert [model.objects.count() for model in (Operator, Coverage, Device, TaxRate)] == before
    return [str(row) for row in refused.value.bad_rows]


def test_all_tables_come_in_at_once_in_any_order_of_files_and_again_without_effect():
    files = {
        "coverage.csv": a_csv(COVERED, COVERED | {"radio": "4G"}),
        "operators.csv": a_csv(OPERATOR),
        "devices.csv": a_csv(DEVICE),
        "taxes.csv": a_csv(TAX),
        "tariffs.csv": a_csv(TARIFF),
    }

    first = import_tables(files, today=TODAY)
    again = import_tables(files, today=TODAY)

    assert [one.added for one in first.values()] == [1, 2, 1, 1, 1]
    assert again == {table: Imported(0, 0, one.added) for table, one in first.items()}
    assert queries.tax_rate("AT", TODAY) == "0.20"
    assert queries.devices("two")[0].as_of == date(2026, 10, 1)


@pytest.mark.promise(10)
def test_a_newer_day_of_a_country_supersedes_and_the_older_one_stays_on_record():
    japan = queries.plan("japan-10gb-30d")
    assert [(row.operator, row.radios) for row in queries.coverage(japan)] == [
        ("Sandbox Mobile JP", ("4G", "5G")),
        ("Second Mobile JP", ("4G",)),
    ]
    stored = Coverage.objects.filter(country="JP").count()

    import_tables({"a.csv": a_csv(OPERATOR), "b.csv": a_csv(COVERED)}, today=TODAY)

    (row,) = queries.coverage(japan)
    assert (row.operator, row.radios, row.as_of) == ("Third Mobile JP", ("5G",), date(2026, 10, 1))
    assert Coverage.objects.filter(country="JP").count() == stored + 1
    # A table of last year that is found again does not come back to life.
    old = a_csv(COVERED | {"mnc": "01", "as_of": "2024-10-01"})
    import_tables({"old.csv": old}, today=TODAY)
    assert queries.coverage(japan) == [row]


@pytest.mark.promise(53)
def test_a_regional_plan_has_the_networks_of_each_of_its_countries():
    europe = queries.plan("europe-5gb-15d")

    rows = queries.coverage(europe)

    assert {row.country for row in rows} == set(europe.countries)
    assert {row.radios for row in rows if row.country == "GR"} == {("4G",)}
    assert europe.networks == {"FR": ["Sandbox Mobile FR", "Second Mobile FR"]}


def test_an_operator_with_two_codes_is_one_to_choose():
    twin = OPERATOR | {"mnc": "91"}
    covered = a_csv(COVERED, COVERED | {"mnc": "91", "radio": "4G"})

    import_tables({"a.csv": a_csv(OPERATOR, twin), "b.csv": covered}, today=TODAY)

    japan = queries.plan("japan-10gb-30d")
    assert [row.radios for row in queries.coverage(japan)] == [("4G", "5G")]
    assert queries.networks_to_choose(japan) == {}


def test_what_the_demo_lets_choose_is_covered():
    for plan in queries.plans():
        covered = {(row.country, row.operator) for row in queries.coverage(plan)}
        chosen = {(country, name) for country in plan.networks for name in plan.networks[country]}
        assert {country for country, _ in covered} == set(plan.countries)
        assert chosen <= covered


def test_an_operator_may_be_renamed_but_a_dated_row_is_never_overwritten():
    import_tables({"a.csv": a_csv(OPERATOR), "b.csv": a_csv(TAX)}, today=TODAY)

    renamed = import_tables({"a.csv": a_csv(OPERATOR | {"name": "New Name"})}, today=TODAY)

    assert renamed["operators"] == Imported(added=0, corrected=1, known=0)
    assert Operator.objects.get(mnc="090").name == "New Name"
    assert reasons(taxes_csv=a_csv(TAX | {"rate": "0.10"})) == [
        "taxes.csv line 2: It contradicts what was imported before: same key, other content."
    ]
    assert queries.tax_rate("AT", TODAY) == "0.20"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (COVERED | {"radio": "6G"}, "radio", "'6G' is not a valid choice"),
        (COVERED | {"country": "XX"}, "country", "not the ISO 3166 code"),
        (COVERED | {"as_of": "2026-02-30"}, "as_of", "invalid date"),
        (COVERED | {"as_of": "2026-11-03"}, "as_of", "a day to come"),
        (COVERED | {"source": ""}, "source", "It is missing."),
        (COVERED | {"mnc": "90"}, "mnc", "No operator has the codes 999-90."),
        (OPERATOR | {"mnc": "9"}, "mnc", "two or three digits"),
        (OPERATOR | {"mcc": "440"}, "mcc", "Fictional operators"),
        (OPERATOR | {"is_fictional": "false"}, "mcc", "Fictional operators"),
        (OPERATOR | {"name": "x" * 61}, "name", "at most 60 characters"),
        (OPERATOR | {"name": "a\x00b"}, "name", "a character that no text has"),
        (DEVICE | {"esim": "perhaps"}, "esim", "not a valid choice"),
        (DEVICE | {"esim": "varies"}, "notes", "Say what it varies by."),
        (TAX | {"rate": "1.9"}, "rate", "Write it like 0.19."),
        (TAX | {"rate": "19%"}, "rate", "Write it like 0.19."),
        (TARIFF | {"source": "a shop"}, "source", "https://"),
        (TARIFF | {"currency": "EURO"}, "currency", "ISO 4217"),
        (TARIFF | {"seen_on": "2026-11-03"}, "seen_on", "a day to come"),
    ],
)
def test_a_bad_row_is_named_with_line_column_and_reason(row, column, reason):
    (said,) = reasons(operators_csv=a_csv(OPERATOR), rows_csv=a_csv(row))[-1:]

    assert said.startswith(f"rows.csv line 2: {column}: ")
    assert reason in said


def test_every_bad_row_of_every_file_is_named_and_nothing_is_taken():
    said = reasons(
        coverage_csv=a_csv(COVERED, COVERED | {"radio": ""}, COVERED | {"country": "ZZ"}),
        operators_csv=a_csv(OPERATOR, OPERATOR | {"name": "Somebody else"}),
        notes_txt=b"",
        other_csv=b"colour,taste\nred,sweet\n",
        latin_csv="maker,model\nM\u00fcller,1\n".encode("latin-1"),
    )

    assert [text.partition(": ")[0] for text in said] == [
        "notes.txt",
        "other.csv line 1",
        "latin.csv",
        "operators.csv line 3",
        "coverage.csv line 3",
        "coverage.csv line 4",
    ]
    assert "an earlier row of this import" in said[3]


def test_toml_rows_are_named_by_table_row_and_line():
    text = """
[[operators]]
country = "JP"
name = "Third Mobile JP"
mcc = "999"
mnc = 90
is_fictional = true

[[operators]]
country = "JP"
name = "Fourth Mobile JP"
mcc = "999"
mnc = "92"
is_fictional = true
colour = "red"

[plans]
code = "x"
"""

    assert reasons(tables_toml=text.encode()) == [
        "tables.toml: plans: The tables are operators, coverage, devices, tax_rates,"
        " local_tariffs.",
        "tables.toml line 2: operators row 1: mnc: Write it as text: a number loses its zeros.",
        "tables.toml line 9: operators row 2: colour: There is no such column.",
    ]
    (broken,) = reasons(broken_toml=b"operators = [")
    assert broken.startswith("broken.toml: It cannot be read")


def test_the_command_tells_what_it_took_or_why_it_took_nothing(tmp_path, capsys):
    good, bad = tmp_path / "operators.csv", tmp_path / "devices.csv"
    good.write_bytes(a_csv(OPERATOR))
    bad.write_bytes(a_csv(DEVICE | {"as_of": "yesterday"}))

    assert import_catalogue.main([str(good)]) == 0
    assert "operators     1 added, 0 corrected, 0 known before" in capsys.readouterr().out
    assert import_catalogue.main([str(good), str(bad)]) == 1
    assert f"{bad} line 2: as_of: " in capsys.readouterr().err
    assert import_catalogue.main([str(tmp_path / "none.csv")]) == 1
    assert "No such file" in capsys.readouterr().err
