"""The pages of the mail stand-in: all mails, and one mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from string import Template

from sandbox.look import framed
from sandbox.mail.box import Mail

TEXTS = {
    "en": {
        "title": "Mails",
        "banner": "Mails of this test system. None of them left this computer.",
        "empty": "No mail yet. This page looks again every five seconds.",
        "only": "Only mails to $to",
        "everyone": "Show all",
        "back": "All mails",
        "from": "From",
        "to": "To",
        "at": "Received",
        "text": "As plain text",
        "attachments": "Attachments",
        "no_subject": "(no subject)",
    },
    "zh-Hans": {
        "title": "邮件",
        "banner": "这是测试系统的邮件，都没有离开这台电脑。",
        "empty": "还没有邮件。本页每五秒自动刷新。",
        "only": "只看发给 $to 的邮件",
        "everyone": "看全部",
        "back": "全部邮件",
        "from": "发件人",
        "to": "收件人",
        "at": "收到时间",
        "text": "纯文本",
        "attachments": "附件",
        "no_subject": "（无主题）",
    },
}
REFRESH = '<meta http-equiv="refresh" content="5">\n'
STYLE = """<style>
ul.mails { list-style: none; margin: 0; padding: 0; }
ul.mails li + li { border-top: 1px solid var(--line); }
ul.mails a { display: block; padding: .75rem .25rem; color: inherit; text-decoration: none; }
ul.mails a:hover strong { color: var(--jade); }
ul.mails strong { overflow-wrap: anywhere; }
iframe { width: 100%; height: 70vh; border: 1px solid var(--line); border-radius: .4rem;
  background: #fff; color-scheme: light; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
</style>
"""
ROW = Template("""<li><a href="/mails/$id"><span class="line"><strong>$subject</strong>
<span class="soft number">$at</span></span>
<span class="soft">$to</span></a></li>""")
LIST = Template("""<header class="banner">$banner</header>
<main class="wide"><h1>$title</h1>
$filter<div class="sheet">$mails</div></main>""")
MAIL = Template("""<header class="banner">$banner</header>
<main class="wide"><p><a href="/">$back</a></p><h1>$subject</h1>
<dl><dt>$from_label</dt><dd>$from_value</dd><dt>$to_label</dt><dd>$to_value</dd>
<dt>$at_label</dt><dd class="number">$at</dd></dl>
<div class="sheet">$body</div>
$files</main>""")
FRAME = Template("""<iframe src="/mails/$id/html" title="$subject"
sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>""")
LINK = re.compile(r"https?://[\w\-.~:/?#\[\]@!$&()*+,;=%]*[\w\-~/#&=%+]", re.ASCII)


def list_page(mails: Sequence[Mail], *, to: str, languages: str) -> str:
    """Return the page of all mails, or of those to one recipient, as HTML."""
    language = _language(languages)
    words = _words(language)
    rows = "\n".join(_row(mail, words) for mail in mails)
    only = Template(words["only"]).substitute(to=escape(to))
    body = LIST.substitute(
        words,
        filter=f'<p>{only} · <a href="/">{words["everyone"]}</a></p>\n' if to else "",
        mails=f'<ul class="mails">{rows}</ul>' if rows else words["empty"],
    )
    return framed(language=language, title=words["title"], body=body, head=REFRESH + STYLE)


def mail_page(mail: Mail, *, languages: str) -> str:
    """Return the page of one mail as HTML; what its HTML part says stays in a frame of its own."""
    language = _language(languages)
    words = _words(language)
    subject = escape(mail.header("Subject")) or words["no_subject"]
    text = f"<pre>{linked(mail.body('plain'))}</pre>"
    if mail.body("html"):
        frame = FRAME.substitute(id=mail.id, subject=subject)
        text = f"{frame}\n<details><summary>{words['text']}</summary>{text}</details>"
    body = MAIL.substitute(
        words,
        subject=subject,
        from_label=words["from"],
        from_value=escape(mail.header("From") or mail.sender),
        to_label=words["to"],
        to_value=escape(", ".join(mail.recipients)),
        at_label=words["at"],
        at=f"{mail.received_at:%Y-%m-%d %H:%M:%S} UTC",
        body=text,
        files=_files(mail, words),
    )
    return framed(language=language, title=mail.header("Subject"), body=body, head=STYLE)


def mail_html(mail: Mail) -> str:
    """Return the HTML part for its frame: pictures from the mail itself, links in a new tab."""
    html = mail.body("html")
    for number, attachment in enumerate(mail.attachments()):
        if attachment.content_id:
            url = f"/mails/{mail.id}/attachments/{number}"
            html = html.replace(f"cid:{attachment.content_id}", url)
    base = '<base target="_blank">'
    with_base, count = re.subn(r"(<head[^>]*>)", rf"\1{base}", html, count=1, flags=re.IGNORECASE)
    return with_base if count else base + html


def linked(text: str) -> str:
    """Return `text` as HTML in which web addresses are links."""
    parts, end = [], 0
    for match in LINK.finditer(text):
        url = escape(match.group())
        parts += [escape(text[end : match.start()]), f'<a href="{url}" target="_blank">{url}</a>']
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def _row(mail: Mail, words: dict[str, str]) -> str:
    return ROW.substitute(
        id=mail.id,
        subject=escape(mail.header("Subject")) or words["no_subject"],
        at=f"{mail.received_at:%m-%d %H:%M:%S} UTC",
        to=escape(", ".join(mail.recipients)),
    )


def _files(mail: Mail, words: dict[str, str]) -> str:
    rows = "".join(
        f'<li><a href="/mails/{mail.id}/attachments/{number}">{escape(attachment.name)}</a>'
        f' <span class="soft">{len(attachment.content):,} B</span></li>'
        for number, attachment in enumerate(mail.attachments())
    )
    return f"<h2>{words['attachments']}</h2><ul>{rows}</ul>" if rows else ""


def _language(languages: str) -> str:
    return "zh-Hans" if languages.lower().startswith("zh") else "en"


def _words(language: str) -> dict[str, str]:
    return TEXTS[language]
