"""Which address of the mail stand-in does what."""

from __future__ import annotations

import mimetypes
from urllib.parse import quote

from sandbox.mail.box import Mail, MailBox
from sandbox.mail.pages import list_page, mail_html, mail_page
from sandbox.serving import Answer, Problem, Request, Service, json_answer, page

# What a stranger wrote may not run scripts, load anything or read our page; its links open.
UNTRUSTED = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
)


def add_messages(service: Service, box: MailBox) -> None:
    """Add what programs read."""

    @service.route("GET", "/messages", is_open=True)
    def messages(request: Request) -> Answer:
        mails = box.mails(request.query.get("to", ""))
        return json_answer({"messages": [mail.told() for mail in mails]})

    @service.route("GET", "/messages/{id}", is_open=True)
    def message(request: Request) -> Answer:
        return json_answer(box.mail(request.parts["id"]).told())

    @service.route("DELETE", "/messages", is_open=True)
    def empty(request: Request) -> Answer:
        box.empty()
        return json_answer({"messages": []})


def add_pages(service: Service, box: MailBox) -> None:
    """Add what people read."""

    @service.route("GET", "/", is_open=True)
    def mails(request: Request) -> Answer:
        to = request.query.get("to", "")
        return page(list_page(box.mails(to), to=to, languages=_languages(request)))

    @service.route("GET", "/mails/{id}", is_open=True)
    def mail(request: Request) -> Answer:
        return page(mail_page(box.mail(request.parts["id"]), languages=_languages(request)))

    @service.route("GET", "/mails/{id}/html", is_open=True)
    def html(request: Request) -> Answer:
        answer = page(mail_html(box.mail(request.parts["id"])))
        headers = {**answer.headers, "Content-Security-Policy": UNTRUSTED}
        return Answer(answer.status, answer.body, headers)

    @service.route("GET", "/mails/{id}/attachments/{number}", is_open=True)
    def attachment(request: Request) -> Answer:
        return _download(box.mail(request.parts["id"]), request.parts["number"])


def _download(mail: Mail, number: str) -> Answer:
    attachments = dict(enumerate(mail.attachments()))
    wanted = attachments.get(int(number)) if number.isdecimal() else None
    if wanted is None:
        raise Problem(404, "no_such_attachment")
    is_known = wanted.media_type in mimetypes.types_map.values()
    return Answer(
        200,
        wanted.content,
        {
            "Content-Type": wanted.media_type if is_known else "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(wanted.name, safe='')}",
            "Content-Security-Policy": UNTRUSTED,
            "X-Content-Type-Options": "nosniff",
        },
    )


def _languages(request: Request) -> str:
    return request.headers.get("Accept-Language", "")
