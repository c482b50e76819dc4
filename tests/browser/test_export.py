"""Somebody brings an address book, takes everything along, and checks it against its manifest."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser, expect

from tests.browser.demo import Demo, eventually
from tests.browser.visitor import Visitor, become, visiting

ADDRESS = "wei@example.com"
CODE = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}")
BOOK = "".join(
    f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:联系人 {number}\r\nTEL:+8613800{number:06}\r\nEND:VCARD\r\n"
    for number in range(300)
)


@pytest.mark.promise(61)
def test_everything_is_taken_along_and_checked(
    demo: Demo, chromium: Browser, tmp_path: Path
) -> None:
    with visiting(chromium) as owner:
        page = owner.page
        become(page, demo, ADDRESS)
        bring_contacts(demo, owner, tmp_path)
        owner.open(f"{demo.shop}/account/kept/")
        assert owner.barriers() == []
        owner.open(f"{demo.shop}/account/export/")
        assert owner.barriers() == []
        page.locator("main form .button").click()
        expect(page.locator(".live a.button")).to_be_visible()
        owner.look()
        taken = tmp_path / "export.zip"
        take(demo, owner, taken)

    with ZipFile(taken) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    Draft202012Validator(json.loads(files["schema.json"])).validate(manifest)
    assert {entry["name"]: entry["sha256"] for entry in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert files["contacts.vcf"].decode().count("FN:联系人 ") == 300
    assert [name for name in files if name.startswith("papers/") and name.endswith(".pdf")]


def bring_contacts(demo: Demo, owner: Visitor, folder: Path) -> None:
    """From the file of a phone."""
    book = folder / "phone.vcf"
    book.write_text(BOOK, newline="")
    owner.open(f"{demo.shop}/account/contacts/import/")
    owner.page.locator("[name=book]").set_input_files(book)
    owner.tap("main form .button", until="**/account/contacts/")
    assert "300" in owner.words()
    assert owner.barriers() == []


def take(demo: Demo, owner: Visitor, target: Path) -> None:
    """The link asks for a new code from the mail, then the file comes."""
    page = owner.page
    known = len(demo.mails(ADDRESS))
    owner.follow(page.locator(".live a.button"))
    expect(page.locator("[name=step_up_code]")).to_be_visible()
    mail = eventually(lambda: demo.mails(ADDRESS)[known:], "the mail with the code")[-1]
    found = CODE.search(mail["subject"])
    assert found is not None, mail["subject"]
    page.locator("[name=step_up_code]").fill(found.group(0))
    with page.expect_download() as download:
        page.locator("main form .button").first.click()
    download.value.save_as(target)
