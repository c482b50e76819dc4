"""PDFs: sealed whole, legible in three languages, drawn from the signed statement alone."""

import io
import json

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairroam.apps.catalogue.operations import change_brand, change_logo
from fairroam.apps.papers import operations, queries
from fairroam.apps.papers.operations import pictures
from fairroam.proof import Truth, attached_document, read, verify_picture
from tests.apps.papers_given import KINDS, LANGUAGES, NOON, a_statement, one_of
from tests.files_given import a_picture


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.FAIRROAM_FOLDER = tmp_path
    return tmp_path


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_sealed_whole_and_carries_the_signed_document(db, kind, language):
    paper = one_of(kind, language)

    picture = operations.render_pdf(paper)

    assert verify_picture(picture, queries.key_set()).statement == paper.statement
    assert attached_document(picture) == read(paper.signed)
    assert operations.render_pdf(paper) == picture


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_word_of_ours_lacks_a_glyph(db, kind, language):
    inputs = pictures.drawing_inputs(one_of(kind, language).statement)

    # PDF/UA-1 refuses a character without a glyph.
    assert pictures.draw(
        kind, inputs | {"document": "{}"}, format="pdf", pdf_standards=["ua-1"]
    ).startswith(b"%PDF")


def test_a_name_in_a_script_without_our_glyphs_still_gets_its_paper(db):
    statement = a_statement("invoice", "สมชาย 😀")
    paper = operations.issue(
        kind="invoice", statement=statement, language="en", customer_id=None, now=NOON
    )

    assert verify_picture(operations.render_pdf(paper), queries.key_set())


def test_code_in_a_name_is_only_text(db):
    statement = a_statement("invoice", '#panic("x") $ ] #read("/etc/passwd") <script> *bold*')
    paper = operations.issue(
        kind="invoice", statement=statement, language="en", customer_id=None, now=NOON
    )

    assert verify_picture(operations.render_pdf(paper), queries.key_set())


def test_a_paper_keeps_the_colour_and_the_picture_that_the_seller_had_when_it_was_signed(db):
    plain = one_of("invoice")
    by = {"actor": "staff:1", "now": NOON}
    change_brand(accent="#7a1f5c", accent_night="#e8a3cf", **by)
    change_logo(content=a_picture(), media_type="image/png", **by)
    paper = one_of("invoice")
    picture = operations.render_pdf(paper)
    change_brand(accent="#104080", accent_night="#a0c8ff", **by)
    change_logo(content=b"", media_type="", **by)

    assert paper.statement["seller"]["accent"] == "#7a1f5c"
    assert not plain.statement["seller"].keys() & {"accent", "logo"}
    assert operations.render_pdf(paper) == picture
    assert operations.render_pdf(plain) != picture
    assert [pictures_in(operations.render_pdf(one)) for one in (paper, plain)] == [1, 0]


def pictures_in(content: bytes) -> int:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return len(pdf.pages[0].get_images())


@pytest.mark.promise(78)
def test_a_true_picture_with_an_appended_revision_is_changed_and_shows_what_was_signed(db):
    paper = one_of("certificate")
    annotated = operations.render_pdf(paper) + b"\n9 0 obj\n<</Type/Annot>>\nendobj\n%%EOF"

    verdict = verify_picture(annotated, queries.key_set())

    assert verdict.truth is Truth.CHANGED
    assert verdict.statement == paper.statement


def shown(language: str, **entries) -> dict:
    head = {"number": "FR-2026-000001", "check": {"address": "x"}, "issued_at": "2026-07-12T"}
    inputs = pictures.drawing_inputs(
        head | {"issued_at": "2026-07-12T21:30:00Z", "language": language} | entries
    )
    return json.loads(inputs["statement"])


@pytest.mark.parametrize(
    ("language", "zone", "instant"),
    [
        ("en", "UTC", "12 July 2026 21:30 (UTC)"),
        ("en", "Europe/Berlin", "12 July 2026 23:30 (Berlin time)"),
        ("zh-Hans", "Asia/Shanghai", "2026年7月13日 05:30（上海时间）"),
        ("zh-hant", "Asia/Taipei", "2026年7月13日 05:30（台北時間）"),
    ],
)
def test_instants_are_shown_in_the_zone_of_the_paper_which_is_named(language, zone, instant):
    assert shown(language, zone=zone)["issued_at"] == instant


@pytest.mark.parametrize(
    ("language", "minor", "currency", "exponent", "text"),
    [
        ("en", 123456, "EUR", 2, "€1,234.56"),
        ("en", -852, "EUR", 2, "−€8.52"),
        ("en", 0, "USD", 2, "$0.00"),
        ("zh-Hans", 1900, "CNY", 2, "¥19.00"),
        ("zh-Hans", 1900, "JPY", 0, "JP¥1,900"),
        ("zh-Hant", 1900, "TWD", 2, "$19.00"),
        ("en", 1234, "KWD", 3, "KWD\xa01.234"),
        ("en", 1234, "IQD", 3, "IQD\xa01.234"),
    ],
)
def test_amounts_are_shown_to_the_last_minor_unit(language, minor, currency, exponent, text):
    amount = {"minor": minor, "currency": currency, "exponent": exponent}

    assert shown(language, total=amount)["total"] == text


@given(minor=st.integers(-(10**12), 10**12), exponent=st.sampled_from([0, 2, 3]))
def test_a_shown_amount_has_lost_no_digit(minor, exponent):
    amount = {"minor": minor, "currency": "EUR", "exponent": exponent}

    text = shown("en", total=amount)["total"]

    digits = "".join(character for character in text if character.isdecimal())
    assert int(digits) == abs(minor)
    assert text.startswith("−") == (minor < 0)


def test_commitments_are_shown_in_their_order_in_words_and_as_the_document_names_them():
    names = ["address", "iccid 46", "iccid 118", "iccid 119"]

    commitments = shown("zh-Hans", commitments=dict.fromkeys(names, "sha256:0"))["commitments"]

    iccids = [f"eSIM 卡号（ICCID） · {name}" for name in names[1:]]
    assert list(commitments) == ["邮箱地址 · address", *iccids]
