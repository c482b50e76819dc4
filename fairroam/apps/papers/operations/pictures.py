"""PDFs of papers: drawn from the signed statement alone, sealed byte by byte."""

from __future__ import annotations

import io
import json
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import segno
from babel import Locale
from babel.dates import format_date, format_time, get_timezone_location
from babel.numbers import format_currency, format_percent, get_currency_symbol

from fairroam.apps.papers.models import Logo, Paper
from fairroam.apps.papers.operations.keys import ensure_signing_key
from fairroam.proof import seal
from fairroam.rules.sentences import load_language
from fairroam.rules.territories import territory_name
from fairroam.rules.zones import load_zone

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "papers"
# Language of a paper -> Babel's locale and typst's (language, region): glyphs and formats.
LANGUAGES = {
    "en": ("en_GB", "en", "gb"),
    "zh-hans": ("zh_Hans_CN", "zh", "cn"),
    "zh-hant": ("zh_Hant_TW", "zh", "tw"),
}
TEMPLATE_OF = {"invoice": "invoice.typ", "certificate": "certificate.typ"}
HIDDEN = {"facts", "packs", "result"}  # for machines; the reasons say the same in words
_drawing = Lock()  # a compiler draws one paper at a time


def render_pdf(paper: Paper) -> bytes:
    """Return the sealed PDF of `paper` with its signed document attached.

    The same paper gives the same bytes while the signing key and this version stay. It follows
    PDF/UA-1, so that everyone can read it, unless a name is in a script that our font lacks.
    """
    import typst

    inputs = drawing_inputs(paper.statement) | {"document": paper.signed}
    try:
        pdf = draw(paper.kind, inputs, format="pdf", pdf_standards=["ua-1"])
    except typst.TypstError:
        # The standard forbids empty boxes; the signed document beside them has every letter.
        pdf = draw(paper.kind, inputs, format="pdf")
    return seal(pdf, json.loads(paper.signed), ensure_signing_key(now=paper.issued_at))


def draw(kind: str, inputs: dict[str, str], **options: Any) -> Any:
    """Return the drawing of a paper of `kind`; `options` as of typst's `compile`."""
    template = TEMPLATES / TEMPLATE_OF.get(kind, "reasons.typ")
    with _drawing:
        return _compiler().compile(input=template, sys_inputs=inputs, **options)


@cache
def _compiler() -> typst.Compiler:
    import typst  # large, and asked for by few: a process learns it with its first paper

    # Reading the font takes longer than drawing a page: one compiler per process.
    fonts = Path(str(files("noto_cjk_sans_jp_regular")))
    return typst.Compiler(root=TEMPLATES, font_paths=[fonts], ignore_system_fonts=True)


def drawing_inputs(statement: dict[str, Any]) -> dict[str, str]:
    """Return what the templates read: amounts, instants and words as the language has them."""
    locale_name, language, region = LANGUAGES[statement["language"].lower()]
    words = _words(statement["language"].lower())
    zone = load_zone(statement.get("zone", "UTC"))
    amounts = Locale.parse(load_language(statement["language"]).locale)
    writer = _Writer(Locale.parse(locale_name), amounts, zone, words["zone"])
    shown = writer.written("", statement)
    if "commitments" in shown:
        named = shown["commitments"].items()
        shown["commitments"] = {
            commitment_name(name, statement["language"]): digest for name, digest in named
        }
    inputs = {
        "statement": json.dumps(shown),
        "words": json.dumps(words),
        "lang": language,
        "region": region,
        "issued": statement["issued_at"][:10],
    }
    inputs |= look_of(statement.get("seller", {}))
    if statement["number"] in statement["check"]["address"]:
        inputs["qr"] = _qr_code(statement["check"]["address"])
    return inputs


def look_of(seller: dict[str, Any]) -> dict[str, str]:
    """The accent and the picture that the statement names; typst takes bytes as a list."""
    look = {"accent": seller["accent"]} if "accent" in seller else {}
    if "logo" in seller:
        look["logo"] = json.dumps(list(Logo.objects.get(sha256=seller["logo"]).content))
    return look


def commitment_name(name: str, language: str) -> str:
    """What a certificate's commitment is of: in words, then as the signed document names it."""
    words = _words(language.lower())["commitment"].get(name.partition(" ")[0])
    return f"{words} · {name}" if words else name


@cache
def _words(language: str) -> dict[str, dict[str, str]]:
    by_name = {path.stem.lower(): path for path in TEMPLATES.glob("*.toml")}
    return tomllib.loads(by_name[language].read_text(encoding="utf-8"))


def _qr_code(address: str) -> str:
    svg = io.BytesIO()
    segno.make(address, error="m").save(svg, kind="svg", border=0, dark="#1d1b18")
    return svg.getvalue().decode()


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes amounts, instants, days and rates as people of one language and zone do.

    amounts: the locale of the reasons, which stand beside the amounts: "$" in both, or "US$".
    """

    locale: Locale
    amounts: Locale
    zone: tzinfo
    zone_words: dict[str, str]

    def written(self, name: str, value: Any) -> Any:
        """Return `value`, found under `name`, with all that needs a format as text."""
        if isinstance(value, dict):
            if "minor" in value:
                return self._money(**value)
            # In their order: a set's is another one in each process.
            return {key: self.written(key, value[key]) for key in value if key not in HIDDEN}
        if isinstance(value, list):
            return [self.written(name, item) for item in value]
        if name == "at" or name.endswith("_at"):
            return self._instant(datetime.fromisoformat(value))
        if name in ("until", "pay_by", "claim_by"):
            return format_date(date.fromisoformat(value), "long", locale=self.locale)
        if name == "country":
            return territory_name(value[:2], self.locale)
        if name == "tax_rate":
            return format_percent(Decimal(value), "#,##0.##%", locale=self.locale)
        return value

    def _money(self, *, minor: int, currency: str, exponent: int) -> str:
        # The digits are those of ISO 4217, as in the books; the locale's own may drop some.
        pattern = self.amounts.currency_formats["standard"].pattern
        if get_currency_symbol(currency, locale=self.amounts)[-1].isalpha():
            pattern = pattern.replace("¤", "¤\N{NO-BREAK SPACE}")  # "KWD 1.234": CLDR's own rule
        digits = "0" + "." * bool(exponent) + "0" * exponent
        amount = format_currency(
            Decimal(minor).scaleb(-exponent),
            currency,
            pattern.replace("0.00", digits),
            locale=self.amounts,
            currency_digits=False,
        )
        return amount.replace("-", "\N{MINUS SIGN}")

    def _instant(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        day = format_date(local.date(), "long", locale=self.locale)
        hour = format_time(local, "HH:mm", locale=self.locale)
        return f"{day} {hour} {self._zone_name()}".replace(" （", "（")

    def _zone_name(self) -> str:
        if str(self.zone) == "UTC":
            return self.zone_words["world"]
        city = get_timezone_location(self.zone, locale=self.locale, return_city=True)
        return self.zone_words["named"].format(city=city)
