"""Address books of other programs: what others write, and what ours gives back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairroam.gateways.contact_files import (
    CARDS_MAX,
    SIZE_MAX,
    Card,
    NotReadable,
    bounded,
    tables,
    vcards,
)

LI = Card(
    name="李明",
    organisation="华东贸易, 采购部",
    phones=("+8613800138000", "021-5555"),
    emails=("li@example.cn",),
    address="南京东路 1 号\n上海",
    birthday="1990-04-12",
    note="first line\nsecond; with, signs \\",
)
OF_A_PHONE = """BEGIN:VCARD
VERSION:4.0
FN:李明
ORG:华东贸易;采购部
TEL;VALUE=uri;TYPE="voice,cell":tel:+8613800138000
item1.TEL;TYPE=work:021-5555
EMAIL:li@example.cn
ADR;TYPE=home:;;南京东路 1 号;上海;;;
BDAY:19900412
NOTE:first line\\nsecond\\; with\\, signs \\\\
END:VCARD
BEGIN:VCARD
VERSION:3.0
N:Doe;John;;;
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB
 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ

TEL;TYPE=CELL:+1 555 0100
BDAY:--0412
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E;=E5=9B=9B
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E=E5=9B=9B
TEL;CELL:13900139000
END:VCARD
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_cards_of_old_and_new_phones_are_read(line_end, encoding):
    reading = vcards.read(OF_A_PHONE.replace("\n", line_end).encode(encoding))

    first, second, third = reading.cards
    assert first.name == "李明"
    assert first.phones == ("+8613800138000", "021-5555")
    assert first.organisation == "华东贸易, 采购部"
    assert first.birthday == "1990-04-12"
    assert first.note == LI.note
    assert "南京东路 1 号" in first.address
    assert (second.name, second.phones, second.birthday) == (
        "John Doe",
        ("+1 555 0100",),
        "--04-12",
    )
    assert (third.name, third.phones) == ("李四", ("13900139000",))
    assert (reading.pictures, reading.unreadable) == (1, 0)


def test_one_bad_card_spoils_no_other():
    good = "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD\n"
    bad = "BEGIN:VCARD\nthis is no line\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n"

    reading = vcards.read((good + bad + good.replace("Ada", "Bo")).encode())

    assert [card.name for card in reading.cards] == ["Ada", "Bo"]
    assert reading.unreadable == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BEGIN:VCARD",
        b"\xff\xff\xff",
        b"BEGIN:VCARD\nEND:VCARD\n" * (CARDS_MAX + 1),
        b" " * (SIZE_MAX + 1),
    ],
)
def test_what_is_no_address_book_is_refused(content):
    with pytest.raises(NotReadable):
        vcards.read(content)


def test_what_is_written_is_version_4_and_folded_between_letters():
    written = "".join(vcards.write([LI, Card(name="长" * 200)]))

    assert written.startswith("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:李明\r\n")
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    assert vcards.read(written.encode()).cards == (LI, Card(name="长" * 200))


texts = st.text(st.characters(exclude_categories=("C", "Z")), max_size=60)
cards = st.builds(
    bounded,
    name=texts.filter(bool),
    organisation=texts.filter(lambda firm: ", " not in firm),
    phones=st.lists(st.from_regex(r"\+[0-9]{4,12}", fullmatch=True), max_size=4),
    emails=st.lists(st.emails().filter(lambda mail: not set("\\,;") & set(mail)), max_size=3),
    note=texts,
    birthday=st.sampled_from(["", "2001-02-03", "--12-31"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(cards, min_size=1, max_size=4))
def test_what_is_taken_along_can_be_brought_back(book):
    vcard = "".join(vcards.write(book)).encode()
    table = "".join(tables.write(book)).encode()

    assert list(vcards.read(vcard).cards) == book
    assert [card.name for card in tables.read(table).cards] == [card.name for card in book]
    assert [card.phones for card in tables.read(table).cards] == [card.phones for card in book]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula_and_ours_come_back_as_they_were(sign):
    card = Card(name=f"{sign}1+1|cmd", phones=("+4930123",), note=f"{sign}HYPERLINK(1)")
    table = "".join(tables.write([card]))

    cells = [cell for row in csv.reader(io.StringIO(table[1:])) for cell in row if cell]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert not [cell for cell in cells if cell.startswith(("＝", "＋", "－", "＠"))]
    assert tables.read(table.encode()).cards[0].phones == ("+4930123",)


def test_columns_of_known_programs_are_guessed_and_others_are_asked_for():
    known = b"First Name,Last Name,Phone 1 - Value,E-mail 1 - Value,Organization Name\n"
    row = b"Ada,Lovelace,+44 1 ::: +44 2,ada@example.com,Engines\n"
    (ada,) = tables.read(known + row).cards

    assert ada == Card(
        name="Ada Lovelace",
        phones=("+44 1", "+44 2"),
        emails=("ada@example.com",),
        organisation="Engines",
    )
    assert tables.guessed(["姓名", "手机", "？"]) == {0: "name", 1: "phones"}
    with pytest.raises(NotReadable):
        tables.read(b"a;b\n1;2\n")
    assert tables.read(b"a;b\n1;2\n", {1: "name"}).cards == (Card(name="2"),)
