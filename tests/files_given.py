"""Files as customers send them, and as nobody should."""

from __future__ import annotations

import io

import pikepdf
from PIL import Image

SECRET = "52.5200 N 13.4050 E"


def a_picture(form: str = "PNG", size: tuple[int, int] = (60, 40), colour: str = "teal") -> bytes:
    """A picture that says in its metadata where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = SECRET  # ImageDescription
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, form, exif=exif)
    return written.getvalue()


def a_pdf(*, pages: int = 1) -> bytes:
    """A PDF with a script, a file inside, an author, and a page that acts when it is opened."""
    pdf = pikepdf.new()
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('boo')")
    for _ in range(pages):
        pdf.add_blank_page()
    pdf.pages[0].obj["/AA"] = pikepdf.Dictionary(O=script)
    pdf.Root["/OpenAction"] = script
    pdf.attachments["inside.txt"] = b"a file inside"
    pdf.docinfo["/Author"] = SECRET
    written = io.BytesIO()
    pdf.save(written)
    return written.getvalue()


def a_pixel_bomb() -> bytes:
    """Few bytes that open to ninety million pixels."""
    written = io.BytesIO()
    Image.new("1", (9400, 9600)).save(written, "PNG")
    return written.getvalue()


def a_film(frames: int = 3) -> bytes:
    """A picture of several frames."""
    first, *others = [Image.new("RGB", (8, 8), (80 * shade, 0, 0)) for shade in range(frames)]
    written = io.BytesIO()
    first.save(written, "WEBP", save_all=True, append_images=others)
    return written.getvalue()
