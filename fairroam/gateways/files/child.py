"""The locked room: reads one file from standard input, writes it made again to standard output.

Run as a program of its own; its argument "logo" asks for a small picture.
Exit status 0: a line of JSON with the media type, then the content.
1: the line "unknown" or "complex". Anything else: it was stopped by one of its limits.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import sys
import unicodedata

MEMORY_BYTES_MAX = 768 * 2**20
CPU_SECONDS_MAX = 10
PIXELS_MAX = 40_000_000
PAGES_MAX = 50
OBJECTS_MAX = 50_000
TEXT_BYTES_MAX = 1_000_000
KEPT_BYTES_MAX = 20_000_000
SIDE_MAX = 16_383  # the longest side that WebP can hold
PICTURES = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
# What a page is made of; everything else of it (actions, notes, thumbnails) is left behind.
OF_A_PAGE = {"/Type", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/Parent"}
# What may start, hide or tell something, wherever in a PDF it stands.
DROPPED_KEYS = (
    *("/AA", "/OpenAction", "/JS", "/JavaScript", "/Launch", "/EF", "/EmbeddedFiles", "/AF"),
    *("/Metadata", "/PieceInfo", "/LastModified", "/XFA", "/Thumb", "/RichMediaContent"),
)
LOGO_SIZE = (600, 200)  # pixels at most: sharp at the head of a page, a mail and a paper
LOGO_HEIGHT = f"{LOGO_SIZE[1]}pt"
# A drawing becomes pixels; one that names other files, or words that grow, is not opened.
NAMES_FILES = re.compile(rb"<(\w+:)?image\b|<!entity", re.IGNORECASE)
MARKUP = ("<!doctype", "<html", "<?xml", "<svg", "<script")


class Unknown(Exception):
    """None of the kinds we keep."""


class Complex(Exception):
    """More than a file of evidence needs."""


def lock_up() -> None:
    """Take away what a file could use against us."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))


def remake(content: bytes) -> tuple[str, bytes]:
    """(media type, content made again), by what the content is. Raises Unknown, Complex."""
    if b"%PDF-" in content[:1024]:
        return "application/pdf", remake_pdf(content)
    if is_picture(content):
        return remake_picture(content)
    return "text/plain", remake_text(content)


def is_picture(content: bytes) -> bool:
    return (
        content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or content[:4] + content[8:12] == b"RIFFWEBP"
    )


def remake_picture(content: bytes) -> tuple[str, bytes]:
    """The pixels, upright, and nothing else: no place, no camera, no comment, no second frame."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # our own limit stands below
    picture: Image.Image
    try:
        picture = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
    except OSError as error:
        raise Unknown from error
    if picture.width * picture.height > PIXELS_MAX or max(picture.size) > SIDE_MAX:
        raise Complex
    form = PICTURES[picture.format or ""]
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise Complex
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise Unknown from error
    picture = ImageOps.exif_transpose(picture)
    has_alpha = form != "JPEG" and picture.has_transparency_data
    picture = picture.convert("RGBA" if has_alpha else "RGB")
    picture.info.clear()
    made = io.BytesIO()
    picture.save(made, form, **({} if form == "PNG" else {"quality": 90}))
    return f"image/{form.lower()}", made.getvalue()


def remake_logo(content: bytes) -> tuple[str, bytes]:
    """A picture, or a drawing (SVG), as a PNG of LOGO_SIZE at most. Raises Unknown, Complex."""
    from PIL import Image

    if b"<svg" in content[:1024].lower():
        content = drawn(content)
    if not is_picture(content):
        raise Unknown
    _media_type, made = remake_picture(content)
    picture: Image.Image = Image.open(io.BytesIO(made))
    picture.thumbnail(LOGO_SIZE)
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return "image/png", written.getvalue()


def drawn(content: bytes) -> bytes:
    """A drawing as pixels. Raises Unknown."""
    if NAMES_FILES.search(content):
        raise Unknown
    os.environ["RAYON_NUM_THREADS"] = "1"  # more would reserve more than the room has
    import typst

    page = "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
    page += f'#image(bytes(sys.inputs.drawing), format: "svg", height: {LOGO_HEIGHT})'
    try:
        inputs = {"drawing": content.decode()}
        made = typst.compile(
            page.encode(), sys_inputs=inputs, format="png", ppi=72, ignore_system_fonts=True
        )
    except (UnicodeDecodeError, typst.TypstError) as error:
        raise Unknown from error
    assert isinstance(made, bytes)
    return made


def remake_pdf(content: bytes) -> bytes:
    """The pages as one sees them; notes become part of the page, all else stays behind."""
    import pikepdf

    try:
        source = pikepdf.open(io.BytesIO(content))
    except pikepdf.PdfError as error:  # also one that asks for a password
        raise Unknown from error
    with source, pikepdf.new() as made:
        if not 0 < len(source.pages) <= PAGES_MAX or len(source.objects) > OBJECTS_MAX:
            raise Complex
        source.generate_appearance_streams()
        source.flatten_annotations("all")
        for page in source.pages:
            for key in set(page.obj.keys()) - OF_A_PAGE:
                del page.obj[key]
        made.pages.extend(source.pages)
        for thing in made.objects:
            strip(thing)
        written = io.BytesIO()
        made.save(written, deterministic_id=True, linearize=False)
    return written.getvalue()


def strip(thing: object) -> None:
    """Take out of one object of a PDF what may act or tell; look at pictures' sizes."""
    import pikepdf

    if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        return
    if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image":
        size = int(thing.get("/Width", 0)) * int(thing.get("/Height", 0))
        if size > PIXELS_MAX:
            raise Complex
    for key in DROPPED_KEYS:
        if key in thing:
            del thing[key]


def remake_text(content: bytes) -> bytes:
    """Plain text in UTF-8. Raises Unknown for markup and for what is no text."""
    if len(content) > TEXT_BYTES_MAX:
        raise Complex
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unknown from error
    if not text.strip() or text.lstrip().lower().startswith(MARKUP):
        raise Unknown
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r" for letter in text):
        raise Unknown
    return text.encode()


def main() -> int:
    """Remake what comes in; see the module for what is said."""
    lock_up()
    try:
        make = remake_logo if sys.argv[1:] == ["logo"] else remake
        media_type, made = make(sys.stdin.buffer.read())
        if len(made) > KEPT_BYTES_MAX:
            raise Complex
    except Unknown:
        sys.stdout.write("unknown\n")
        return 1
    except Exception:  # libraries fail in many ways at files made to break them
        sys.stdout.write("complex\n")
        return 1
    sys.stdout.buffer.write(json.dumps({"media_type": media_type}).encode() + b"\n" + made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
