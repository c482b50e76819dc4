"""How a message becomes a mail: plain words, the same words in our look, and a code to check."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.mime.image import MIMEImage
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.notices.models import Notice
from fairroam.apps.notices.queries import code_of, topic_of
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.models import Paper

UNSUBSCRIBE_SALT = "notices.unsubscribe"
AMOUNT_LETTERS_MAX = 20
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?。，；：！？)”」]")


def attach_paper(message: EmailMessage, paper: Paper) -> None:
    """The paper as a picture (PDF) and as the signed truth (JSON)."""
    message.attach(f"{paper.number}.pdf", papers.render_pdf(paper), "application/pdf")
    message.attach(f"{paper.number}.json", paper.signed.encode(), "application/json")


def unsubscribe_link(notice: Notice) -> str:
    """Where its reader stops mails about its topic without a sign-in; "" for legal kinds."""
    if notice.customer_id is None or not topic_of(notice.kind):
        return ""
    seal = signing.dumps(str(notice.key), salt=UNSUBSCRIBE_SALT)
    return f"{settings.FAIRROAM_ADDRESS}/unsubscribe/{seal}/"


def unseal(seal: str) -> UUID | None:
    """The key of the notice whose link this is; None for one we never made."""
    try:
        return UUID(signing.loads(seal, salt=UNSUBSCRIBE_SALT))
    except (signing.BadSignature, ValueError):
        return None


def sender_domain() -> str:
    """Where our mails come from: esim.example."""
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">")


def headers_of(notice: Notice) -> dict[str, str]:
    """Message-ID: the notice's key, so that a repeat is recognised."""
    headers = {
        "Message-ID": f"<{notice.key}@{sender_domain()}>",
        "Content-Language": notice.language,
    }
    if not notice.is_by_person:
        headers["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine shall answer it
    link = unsubscribe_link(notice)
    if link:
        headers["List-Unsubscribe"] = f"<{link}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    return headers


def picture(content_id: str) -> MIMEImage:
    """The brand's picture inside the mail (RFC 2392): opening it asks no server for anything."""
    media_type, content = catalogue.logo()
    image = MIMEImage(content, media_type.partition("/")[2])
    image["Content-ID"] = f"<{content_id}>"
    image["Content-Disposition"] = "inline"
    return image


def message_of(notice: Notice) -> EmailMultiAlternatives:
    """The mail itself: plain text first, the same in HTML, the paper attached."""
    brand = catalogue.brand()
    logo_id = f"{brand.logo_sha256[:16]}@logo" if brand.logo_sha256 else ""
    context = {
        "notice": notice,
        "brand": brand,
        "logo_id": logo_id,
        "code": code_of(notice.key),
        "address": f"{settings.FAIRROAM_ADDRESS}/verify/",
        "stop": unsubscribe_link(notice),
        "blocks": blocks_of(notice.text),
    }
    with translation.override(notice.language.lower()):
        foot = render_to_string("notices/foot.txt", context).strip()
        page = render_to_string("notices/mail.html", {**context, "foot": blocks_of(foot)})
    message = EmailMultiAlternatives(
        notice.subject,
        f"{notice.text}\n-- \n{foot}\n",
        to=[notice.address],
        reply_to=[notice.reply_to] if notice.reply_to else None,
        headers=headers_of(notice),
    )
    message.attach_alternative(page, "text/html")
    if logo_id:
        message.attach(picture(logo_id))
    if notice.paper is not None:
        attach_paper(message, notice.paper)
    return message


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a receipt. counts: False greys what kept something out."""

    text: SafeString
    amount: str = ""
    counts: bool = True


@dataclass(slots=True)
class Block:
    """Either a paragraph (`words`) or the lines of a receipt (`rows`, then its `total`)."""

    words: list[SafeString] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    total: Row | None = None


def blocks_of(text: str) -> list[Block]:
    """The parts of a plain text: its paragraphs, and receipts ("+ reason  amount", "× ...")."""
    blocks: list[Block] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        block = Block()
        for line in paragraph.splitlines():
            if line.startswith(("+ ", "× ")):
                if block.words:  # They lead to the receipt: first they, then it.
                    blocks.append(block)
                    block = Block()
                block.rows.append(row_of(line))
            elif line.strip():
                block.words.append(linked(line))
        total = total_of(paragraph) if blocks and blocks[-1].rows and not block.rows else None
        if total is not None:
            blocks[-1].total = total
            block.words = block.words[1:]
        if block.words or block.rows:
            blocks.append(block)
    return blocks


def row_of(line: str) -> Row:
    words, _, amount = line[2:].rpartition("  ")
    return Row(linked(words or amount), amount if words else "", counts=line.startswith("+"))


def total_of(paragraph: str) -> Row | None:
    """The sum under a receipt, if the paragraph begins with it: "Total: €21.48"."""
    found = re.match(r"([^:：\n]+)[:：]\s*(\S[^\n]*)", paragraph)
    is_amount = found and len(found[2]) <= AMOUNT_LETTERS_MAX and re.search(r"\d", found[2])
    return Row(conditional_escape(found[1]), found[2]) if found and is_amount else None


def linked(line: str) -> SafeString:
    """The line as HTML, what people wrote made harmless, with our links to be clicked."""
    parts, end = [], 0
    for found in LINK.finditer(line):
        parts += [conditional_escape(line[end : found.start()])]
        parts += [format_html('<a href="{0}">{0}</a>', found[0])]
        end = found.end()
    parts.append(conditional_escape(line[end:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped above
