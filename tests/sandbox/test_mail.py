"""The mail stand-in: what is sent can be read, and what a stranger wrote stays harmless."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from sandbox.mail.pages import TEXTS, linked
from sandbox.processes import SandboxProcess, free_port


@dataclass(frozen=True)
class Post:
    """The running mail stand-in and the port where it takes mails."""

    process: SandboxProcess
    smtp_port: int

    def send(
        self, message: EmailMessage, to: str = "ada@example.org", *, patience_seconds: float = 30
    ) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=patience_seconds) as client:
            client.send_message(message, to_addrs=[to])

    def page(self, path: str, language: str = "en") -> httpx.Response:
        return self.process.call("GET", path, headers={"Accept-Language": language})


def start(folder: Path) -> Post:
    smtp_port = free_port()
    arguments = ["--smtp-port", str(smtp_port)]
    return Post(SandboxProcess.start("mail", folder, arguments=arguments), smtp_port)


@pytest.fixture(scope="module")
def post_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    post = start(tmp_path_factory.mktemp("mail"))
    with post.process:
        yield post


@pytest.fixture
def post(post_of_module: Post) -> Post:
    post_of_module.process.disarm()
    post_of_module.process.ask("DELETE", "/messages")
    return post_of_module


def a_mail(subject: str = "你的退款 €21.48 已发出") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Fairroam <hello@fairroam.example>"
    message["To"] = "ada@example.org"
    message["Subject"] = subject
    message["Message-ID"] = "<17@fairroam.example>"
    message.set_content("We sent €21.48 back.\nSee https://fairroam.example/r/17?a=1&b=2.\n")
    return message


def a_rich_mail() -> EmailMessage:
    message = a_mail()
    message.add_alternative(
        "<html><head></head><body><img src='cid:logo'><a href='https://fairroam.example/r/17'>"
        "Your refund</a><script>alert(1)</script></body></html>",
        subtype="html",
    )
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(b"picture", "image", "png", cid="<logo>")
    message.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="收据 17.pdf"
    )
    return message


def test_a_mail_can_be_read_by_programs(post: Post) -> None:
    post.send(a_rich_mail())
    post.send(a_mail("To Ben"), to="ben@example.org")

    (mail,) = post.process.ask("GET", "/messages", params={"to": "ADA@example.org"})["messages"]

    assert mail["subject"] == "你的退款 €21.48 已发出"
    assert mail["envelope"] == {"from": "hello@fairroam.example", "to": ["ada@example.org"]}
    assert mail["message_id"] == "<17@fairroam.example>"
    assert mail["text"].startswith("We sent €21.48 back.\nSee")
    assert "Your refund</a>" in mail["html"]
    assert [attachment["name"] for attachment in mail["attachments"]] == ["unnamed", "收据 17.pdf"]
    assert post.process.ask("GET", f"/messages/{mail['id']}") == mail
    newest_first = post.process.ask("GET", "/messages")["messages"]
    assert [one["subject"] for one in newest_first] == ["To Ben", mail["subject"]]


def test_mails_survive_a_restart_and_are_thrown_away_on_demand(tmp_path: Path) -> None:
    first = start(tmp_path)
    with first.process:
        first.send(a_mail())

    second = start(tmp_path)
    with second.process:
        kept = second.process.ask("GET", "/messages")["messages"]
        second.process.ask("DELETE", "/messages")
        left = second.process.ask("GET", "/messages")["messages"]
        effects = second.process.effects("mail_received", message_id="<17@fairroam.example>")

    assert (len(kept), left, len(effects)) == (1, [], 1)


def test_people_find_a_mail_and_its_files(post: Post) -> None:
    post.send(a_rich_mail())
    mail = post.process.ask("GET", "/messages")["messages"][0]

    everything = post.page("/")
    page = post.page(f"/mails/{mail['id']}")
    file = post.page(mail["attachments"][1]["url"])

    assert f'href="/mails/{mail["id"]}"' in everything.text
    assert 'http-equiv="refresh"' in everything.text
    assert f'<iframe src="/mails/{mail["id"]}/html"' in page.text
    assert '<a href="https://fairroam.example/r/17?a=1&amp;b=2" target="_blank">' in page.text
    assert (file.content, file.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")
    assert file.headers["content-disposition"].endswith("%E6%94%B6%E6%8D%AE%2017.pdf")
    for lost in ("/mails/0", f"{mail['attachments'][1]['url']}9", f"/mails/{mail['id']}/lost"):
        assert post.page(lost).status_code == 404


def test_html_of_a_mail_stays_in_its_cage(post: Post) -> None:
    post.send(a_rich_mail())
    mail = post.process.ask("GET", "/messages")["messages"][0]

    answer = post.page(f"/mails/{mail['id']}/html")

    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert '<head><base target="_blank">' in answer.text
    assert f"<img src='{mail['attachments'][0]['url']}'>" in answer.text


def test_a_wicked_subject_is_only_text(post: Post) -> None:
    post.send(a_mail("<script>alert(1)</script>"))
    mail = post.process.ask("GET", "/messages")["messages"][0]

    for page in (post.page("/"), post.page(f"/mails/{mail['id']}")):
        assert "<script>" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


def test_an_empty_page_speaks_the_language_of_its_reader(post: Post) -> None:
    assert TEXTS["en"]["empty"] in post.page("/").text
    assert TEXTS["zh-Hans"]["empty"] in post.page("/", language="zh-CN,zh;q=0.9").text
    assert set(TEXTS["en"]) == set(TEXTS["zh-Hans"])


@pytest.mark.parametrize(
    ("fault", "code"), [("refuse_for_now", 451), ("mailbox_full", 452), ("refuse_for_good", 550)]
)
def test_mails_are_refused_on_demand(post: Post, fault: str, code: int) -> None:
    post.process.arm("receive_mail", fault)

    with pytest.raises(smtplib.SMTPDataError) as refused:
        post.send(a_mail())
    post.send(a_mail("the second try"))

    assert refused.value.smtp_code == code
    subjects = [mail["subject"] for mail in post.process.ask("GET", "/messages")["messages"]]
    assert subjects == ["the second try"]


def test_a_mail_can_be_kept_without_an_answer(post: Post) -> None:
    post.process.arm("receive_mail", "time_out_after_effect", seconds=60)

    with pytest.raises(smtplib.SMTPServerDisconnected):
        post.send(a_mail(), patience_seconds=1)

    assert len(post.process.ask("GET", "/messages")["messages"]) == 1


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("no address", "no address"),
        (
            "at https://a.example/x?b=1&c=2.",
            'at <a href="https://a.example/x?b=1&amp;c=2" target="_blank">'
            "https://a.example/x?b=1&amp;c=2</a>.",
        ),
        (
            "见https://a.example/x，谢谢",
            '见<a href="https://a.example/x" target="_blank">https://a.example/x</a>，谢谢',
        ),
        ("<https://a>", '&lt;<a href="https://a" target="_blank">https://a</a>&gt;'),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_addresses_in_text_become_links(text: str, html: str) -> None:
    assert linked(text) == html
