"""Strangers' files: known by their content, made again, never more than the room allows."""

from __future__ import annotations

import io

import pikepdf
import pytest
from PIL import Image

from fairroam.gateways import files
from tests.files_given import SECRET, a_film, a_pdf, a_picture, a_pixel_bomb


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_keeps_what_it_shows_and_nothing_else(form):
    came = a_picture(form)
    assert SECRET.encode() in came

    made = files.clean(came)

    assert made.media_type == f"image/{form.lower()}"
    assert SECRET.encode() not in made.content
    with Image.open(io.BytesIO(made.content)) as picture:
        assert picture.size == (60, 40)
        assert "exif" not in picture.info
        red, green, blue = picture.convert("RGB").getpixel((5, 5))
    assert abs(red - 0) < 12
    assert abs(green - 128) < 12
    assert abs(blue - 128) < 12


def test_a_picture_taken_sideways_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn it by a quarter
    written = io.BytesIO()
    Image.new("RGB", (60, 40)).save(written, "JPEG", exif=exif)

    made = files.clean(written.getvalue())

    with Image.open(io.BytesIO(made.content)) as picture:
        assert picture.size == (40, 60)


def test_a_pdf_keeps_its_pages_and_nothing_that_acts_or_tells():
    made = files.clean(a_pdf(pages=2))

    assert made.media_type == "application/pdf"
    with pikepdf.open(io.BytesIO(made.content)) as pdf:
        assert len(pdf.pages) == 2
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
        assert "/AA" not in pdf.pages[0].obj
        assert "/Info" not in pdf.trailer
    for trace in (b"alert", b"inside", SECRET.encode()):
        assert trace not in made.content


def test_text_becomes_plain_text_in_one_encoding():
    made = files.clean("No network in 大阪\r\n".encode("utf-16"))

    assert (made.media_type, made.content.decode()) == ("text/plain", "No network in 大阪\r\n")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"PK\x03\x04\x14\x00\x00\x00 a table or a program",
        b"MZ\x90\x00",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"  <!DOCTYPE html><script>alert(1)</script>",
        b"\xff\xd8\xff\xe0 no picture after all",
        b"%PDF-1.7 no pages after all",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["empty", "gif", "zip", "exe", "svg", "html", "broken jpeg", "broken pdf", "broken png"],
)
def test_what_it_is_called_does_not_matter_but_what_it_is(content):
    with pytest.raises(files.FileRefused):
        files.clean(content)


@pytest.mark.parametrize(
    "make",
    [
        a_pixel_bomb,
        a_film,
        lambda: a_pdf(pages=51),
        lambda: b"word " * 200_001,
        lambda: a_picture(size=(20_000, 10)),
    ],
    ids=["pixels", "frames", "pages", "letters", "side"],
)
def test_what_takes_too_much_to_open_is_too_complex(make):
    with pytest.raises(files.FileTooComplex):
        files.clean(make())


def test_more_bytes_than_allowed_are_not_even_looked_at():
    with pytest.raises(files.FileTooLarge):
        files.clean(bytes(files.SIZE_MAX + 1))


def test_a_child_that_thinks_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(files, "CHILD_SECONDS_MAX", 0.01)

    with pytest.raises(files.FileTooComplex):
        files.clean(a_picture())


def test_the_same_content_is_made_the_same_so_that_its_hash_is_known_again():
    assert files.clean(a_pdf()).kept_sha256 == files.clean(a_pdf()).kept_sha256
    assert files.clean(a_picture()).kept_sha256 == files.clean(a_picture()).kept_sha256


DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 10">%s
<rect width="30" height="10" fill="#0a6552"/></svg>"""


def test_a_logo_becomes_a_small_picture_whether_it_was_painted_or_drawn():
    painted, drawn = a_picture(size=(4000, 1000)), DRAWING % b"<script>alert(1)</script>"

    for came, size in ((painted, (600, 150)), (drawn, (600, 200))):
        made = files.clean(came, is_logo=True)
        assert made.media_type == "image/png"
        with Image.open(io.BytesIO(made.content)) as picture:
            assert (picture.format, picture.size) == ("PNG", size)
    with pytest.raises(files.FileUnknown):
        files.clean(DRAWING % b'<image href="/etc/hostname.png"/>', is_logo=True)
