"""Numbers without gaps, signatures that hold, keys that come and go."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction

from fairroam.apps.journal.models import Event
from fairroam.apps.papers import operations, queries
from fairroam.apps.papers.models import NumberSeries, Paper, SigningKey
from fairroam.apps.papers.operations.contents import content
from fairroam.apps.papers.refusals import CreditAboveInvoice, NoSuchKey
from fairroam.project.keys import main as keys_command
from fairroam.proof import KeySet, Truth, read, verify
from fairroam.rules.money import Money
from tests.apps.papers_given import KINDS, NOON, a_statement, issued, one_of


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.FAIRROAM_FOLDER = tmp_path
    return tmp_path


# Numbers -----------------------------------------------------------------------------------------


def test_invoices_and_credit_notes_are_counted_without_gaps_each_year_anew(db):
    invoices = [issued() for _ in range(3)]
    note = issued("credit_note", refers_to=invoices[0])
    next_year = issued(now=NOON + timedelta(days=365))

    numbers = [paper.number for paper in (*invoices, note, next_year)]
    assert numbers == [
        "FR-2026-000001",
        "FR-2026-000002",
        "FR-2026-000003",
        "FRC-2026-000001",
        "FR-2027-000001",
    ]
    assert list(queries.find_faults()) == []


def test_a_year_begins_in_the_zone_of_the_seller(db, settings):
    settings.TIME_ZONE = "Asia/Shanghai"

    assert issued(now=datetime(2026, 12, 31, 16, tzinfo=UTC)).number == "FR-2027-000001"


def test_a_rollback_gives_the_number_back(db):
    issued()
    with transaction.atomic():
        issued()
        transaction.set_rollback(True)

    assert issued().number == "FR-2026-000002"
    assert list(queries.find_faults()) == []


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "receipt"])
def test_writers_side_by_side_leave_no_gap_even_when_some_roll_back(committed, kind):
    with transaction.atomic():
        invoice = issued() if kind == "credit_note" else None

    def write(position: int) -> None:
        with transaction.atomic():
            issued(kind, refers_to=invoice, total=100)
            transaction.set_rollback(position % 3 == 0)
        connection.close()

    operations.ensure_signing_key(now=NOON)
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(24)))

    numbers = sorted(Paper.objects.filter(kind=kind).values_list("number", flat=True))
    series = {"invoice": "FR", "credit_note": "FRC", "receipt": "RC"}[kind]
    expected = [f"{series}-2026-{position:06}" for position in range(1, 17)]
    assert ["-".join(number.split("-")[:3]) for number in numbers] == expected
    assert list(queries.find_faults()) == []


def test_what_strangers_may_look_up_has_a_number_nobody_guesses(db):
    papers = [one_of(kind) for kind in ("decision", "certificate")]

    for paper in papers:
        _, *groups = paper.number.split("-")
        assert 31 ** len("".join(groups)) > 2**128
        assert queries.find_for_stranger(paper.number) == paper
        assert paper.number in paper.statement["check"]["address"]
    assert len({paper.number for paper in papers}) == 2


def test_a_receipt_is_counted_and_yet_nobody_guesses_its_number(db):
    papers = [issued("receipt") for _ in range(3)]
    with transaction.atomic():
        issued("receipt")
        transaction.set_rollback(True)
    papers.append(issued("receipt"))

    for position, paper in enumerate(papers, start=1):
        prefix, year, count, *tail = paper.number.split("-")
        assert f"{prefix}-{year}-{count}" == f"RC-2026-{position:06}"
        assert 31 ** len("".join(tail)) > 2**75
        assert queries.find_for_stranger(paper.number) == paper
        assert paper.number in paper.statement["check"]["address"]
    assert queries.find_for_stranger("RC-2026-000001") is None
    assert list(queries.find_faults()) == []


def test_a_counted_number_is_found_by_us_and_not_by_strangers(db):
    invoice = issued()

    assert queries.find_by_number(" fr–2026 - 000001 ") == invoice
    assert queries.find_for_stranger(invoice.number) is None
    assert invoice.number not in invoice.statement["check"]["address"]
    assert queries.find_by_number("FR-2026-000002") is None


def test_a_paper_is_written_in_the_transaction_of_its_act(committed):
    with pytest.raises(AssertionError):
        issued()


# Statements --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.promise(64)
def test_every_paper_names_the_seller_our_address_and_how_to_check_it(db, kind):
    paper = one_of(kind)

    statement = verify(read(paper.signed), queries.key_set()).statement
    assert statement == paper.statement
    assert statement["seller"]["website"] == django_settings.FAIRROAM_ADDRESS
    assert statement["check"]["keys"].endswith("/.well-known/fairroam-keys.json")
    assert statement["issued_at"] == "2026-07-12T12:00:00Z"


def test_amounts_carry_the_digits_of_iso_4217(db):
    figures = [{"text": "x", "amount": Money(5, code)} for code in ("EUR", "JPY", "KWD", "IQD")]

    body = content("certificate", a_statement("certificate") | {"figures": figures})

    assert [figure["amount"]["exponent"] for figure in body["figures"]] == [2, 0, 3, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"total": 21.48},
        {"total": {"minor": "2148", "currency": "EUR"}},
        {"total": {"minor": 2148, "currency": "eur"}},
        {"reasons": []},
        {"order": None},
        {"pay_by": "soon"},
        {"name": "Ada"},
    ],
)
def test_a_statement_of_another_shape_is_a_bug(change):
    with pytest.raises(msgspec.ValidationError):
        content("receipt", a_statement("receipt") | change)


def test_an_instant_without_a_zone_is_a_bug():
    with pytest.raises(msgspec.ValidationError):
        content("certificate", a_statement("certificate") | {"closed_at": "2026-07-12T12:00:00"})


def test_a_credit_note_names_its_invoice(db):
    invoice = issued()

    note = issued("credit_note", refers_to=invoice)

    assert note.refers_to == invoice
    assert note.statement["refers_to"] == {
        "kind": "invoice",
        "number": invoice.number,
        "issued_at": "2026-07-12T12:00:00Z",
    }
    for other in (None, note):
        with pytest.raises(AssertionError):
            issued("credit_note", refers_to=other)


def test_no_more_is_credited_than_was_invoiced(db):
    invoice = issued()
    issued("credit_note", refers_to=invoice, total=2000)
    issued("credit_note", refers_to=invoice, total=999)

    with pytest.raises(CreditAboveInvoice) as refusal, transaction.atomic():
        issued("credit_note", refers_to=invoice, total=2)

    assert refusal.value.facts == {"invoice": invoice.number, "left_minor": 1}
    assert queries.credited_minor(invoice) == 2999


# Keys --------------------------------------------------------------------------------------------


def test_the_private_key_is_a_file_of_ours_alone_and_never_a_row(db, folder):
    issued()

    row = SigningKey.objects.get()
    file = folder / "keys" / f"{row.kid}.jwk"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert set(row.public_jwk) == {"kty", "crv", "x"}
    assert json.loads(file.read_text())["d"] not in json.dumps(queries.key_set().as_jwks())
    assert [event.kind for event in Event.objects.all()] == ["signing_key.made"]


def test_one_key_signs_until_it_is_rotated(db):
    issued()
    issued()

    assert SigningKey.objects.count() == 1


def test_after_a_rotation_old_papers_stay_true_and_the_old_private_key_is_gone(
    db, folder, django_capture_on_commit_callbacks
):
    old = issued()
    with django_capture_on_commit_callbacks(execute=True):
        kid = operations.rotate_key(actor="staff:1", now=NOON)
    new = issued()

    keys = queries.key_set()
    assert verify(read(old.signed), keys).key.kid != kid
    assert verify(read(new.signed), keys).key.kid == kid
    assert verify(read(old.signed), keys)
    assert [path.stem for path in (folder / "keys").glob("*.jwk")] == [kid]
    assert list(queries.find_faults()) == []


def test_after_a_theft_only_what_was_signed_before_it_is_true(
    db, folder, django_capture_on_commit_callbacks
):
    before = issued(now=NOON)
    forged = issued(now=NOON + timedelta(hours=2))
    stolen = SigningKey.objects.get().kid
    theft = NOON + timedelta(hours=1)
    with django_capture_on_commit_callbacks(execute=True):
        operations.revoke_key(
            stolen, revoked_from=theft, actor="staff:1", now=NOON + timedelta(hours=3)
        )
    after = issued(now=NOON + timedelta(hours=4))

    published = read((folder / "keys" / "fairroam-keys.json").read_text())
    keys = KeySet.from_jwks(published)
    assert verify(read(before.signed), keys)
    assert verify(read(forged.signed), keys).truth is Truth.REVOKED_KEY
    assert verify(read(after.signed), keys)
    assert not (folder / "keys" / f"{stolen}.jwk").exists()


def test_revoking_again_keeps_the_earlier_instant(db):
    kid = operations.rotate_key(actor="staff:1", now=NOON)
    for hours in (2, 1, 3):
        operations.revoke_key(
            kid, revoked_from=NOON + timedelta(hours=hours), actor="staff:1", now=NOON
        )

    assert SigningKey.objects.get(kid=kid).revoked_from == NOON + timedelta(hours=1)
    assert queries.key_set().find(kid).revoked_from == NOON + timedelta(hours=1)


def test_a_key_we_never_had_cannot_be_revoked(db):
    with pytest.raises(NoSuchKey):
        operations.revoke_key("nobody", revoked_from=NOON, actor="staff:1", now=NOON)


def test_a_lost_key_file_is_replaced_and_old_papers_stay_true(db, folder):
    paper = issued()
    for file in (folder / "keys").iterdir():
        file.unlink()

    issued()

    assert SigningKey.objects.count() == 2
    assert verify(read(paper.signed), queries.key_set())


def test_the_command_lists_rotates_and_revokes(db, capsys):
    first = operations.rotate_key(actor="staff:1", now=NOON)

    assert keys_command([]) == 0
    assert keys_command(["rotate"]) == 0
    assert keys_command(["revoke", first, "--from", "2026-07-12T14:00:00+02:00"]) == 0
    for name in ("nobody", "-nobody", "--nobody"):
        assert keys_command(["revoke", name, "--from", "2026-07-12T14:00:00Z"]) == 1
    assert keys_command(["revoke", "--from", "2026-07-12T14:00:00Z", "nobody"]) == 1

    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[-2].startswith(f"{first}  made 2026-07-12T12:00:00+00:00")
    assert lines[-2].endswith("revoked from 2026-07-12T12:00:00+00:00")
    assert "never signed with a key of this name" in printed.err


def test_an_instant_without_offset_revokes_nothing(db, capsys):
    with pytest.raises(SystemExit):
        keys_command(["revoke", "any", "--from", "2026-07-12T14:00:00"])

    assert "write the offset" in capsys.readouterr().err


# Faults ------------------------------------------------------------------------------------------


def faults_after(**changes) -> list[str]:
    paper = issued()
    issued("credit_note", refers_to=paper)
    Paper.objects.filter(pk=paper.pk).update(**changes)
    return list(queries.find_faults())


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"signed": "{}"}, "cannot be read"),
        ({"signed": '{"statement": {}, "signature": "a.b.c"}'}, "not as it was signed"),
        ({"statement": {"number": "FR-2026-000001", "total": {"minor": 9}}}, "something else"),
        ({"number": "FR-2026-000007"}, "is number 1 of its series"),
        ({"kind": "receipt"}, "credited and is no invoice"),
    ],
)
def test_a_paper_changed_behind_our_back_is_found(db, changes, fault):
    assert any(fault in found for found in faults_after(**changes))


def test_a_missing_paper_is_found(db):
    issued()
    NumberSeries.objects.update(last=2)

    assert list(queries.find_faults()) == ["series FR-2026 gave 2 numbers to 1 papers"]


def test_credit_beyond_its_invoice_is_found(db):
    invoice = issued()
    note = issued("credit_note", refers_to=invoice)
    note.statement["total"]["minor"] = 3001
    note.save()

    assert f"invoice {invoice.number} is credited beyond its total" in queries.find_faults()


def test_papers_are_listed_newest_first(db):
    assert not queries.papers_of(1)
