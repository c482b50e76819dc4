"""Which address of the identity stand-in does what."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Any

from sandbox.controls import read
from sandbox.identity.checks import Checks, NewCheck
from sandbox.look import framed
from sandbox.serving import Answer, Request, Service, json_answer, page, redirect
from sandbox.store import Store

TEXTS = {
    "en": {
        "banner": "Nobody is really checked here.",
        "heading": "Show who you are",
        "name": "The name on your document",
        "verified": "This is me",
        "unsure": "The camera cannot read my document",
        "refused": "This is somebody else's document",
        "over": "This check is over.",
        "back": "Back to the shop",
    },
    "zh": {
        "banner": "测试环境，不会真的核验身份。",
        "heading": "核验身份",
        "name": "证件上的姓名",
        "verified": "这是我本人",
        "unsure": "摄像头看不清我的证件",
        "refused": "这是别人的证件",
        "over": "这次核验已经结束。",
        "back": "返回商店",
    },
}
FORM = Template("""<header class="banner">$banner</header>
<main><h1>$heading</h1>
<form method="post">
<p><label>$name<br><input name="person" required value="Vera Example"></label></p>
<p><button type="submit" name="status" value="verified" autofocus>$verified</button></p>
<p><button type="submit" name="status" value="unsure">$unsure</button></p>
<p><button type="submit" name="status" value="refused">$refused</button></p>
</form></main>""")
OVER = Template("""<header class="banner">$banner</header>
<main><p>$over</p><a class="back" href="$return_url" autofocus>$back</a></main>""")


def add_api(service: Service, store: Store, checks: Checks) -> None:
    """Add what shops call with their key."""

    @service.route("POST", "/v1/checks", call="start_check")
    def start(request: Request) -> Answer:
        asked = read(request, NewCheck)
        return store.answer_once(request, lambda: json_answer(checks.start(asked), 201))

    @service.route("GET", "/v1/checks/{id}", call="look_up_check")
    def look_up(request: Request) -> Answer:
        with store.act():
            return json_answer(checks.seen(checks.check(request.parts["id"])))


def add_check_page(service: Service, store: Store, checks: Checks) -> None:
    """Add what persons see: one page and its form, known only by the check's id."""

    @service.route("GET", "/checks/{id}", is_open=True)
    def show(request: Request) -> Answer:
        with store.act():
            return page(check_page(checks.check(request.parts["id"])))

    @service.route("POST", "/checks/{id}", is_open=True)
    def end(request: Request) -> Answer:
        form = request.form()
        with store.act():
            check = checks.end(
                request.parts["id"], status=form.get("status", ""), person=form.get("person", "")
            )
        return redirect(check["return_url"])


def check_page(check: dict[str, Any]) -> str:
    """The page of a check as HTML."""
    language = "zh" if check["language"].lower().startswith("zh") else "en"
    words = {name: escape(text) for name, text in TEXTS[language].items()}
    template = FORM if check["status"] == "pending" else OVER
    body = template.substitute(words, return_url=escape(check["return_url"]))
    return framed(
        language="zh-Hans" if language == "zh" else language,
        title=TEXTS[language]["heading"],
        body=body,
    )
