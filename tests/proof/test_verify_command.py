"""`fairroam verify`: what it says and how it ends."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import typst

from fairroam.project.verify import main, recompute
from fairroam.proof import KeySet, PublishedKey, make_key, seal, sign
from fairroam.rules import compile_packs, decide, pack_source
from tests.proof.given import MADE_AT

KEY = make_key()
KEYS = KeySet([PublishedKey(KEY, made_at=MADE_AT)])
LANGUAGES = ["en", "zh-Hans", "zh-Hant"]
FACTS = {
    "currency": "EUR",
    "paid": 3000,
    "zone": "Europe/Berlin",
    "residence": "DE",
    "concluded_at": "2026-07-06T12:00:00+02:00",
    "notice_received_at": "2026-07-06T12:00:00+02:00",
    "express_request_at": "2026-07-06T12:00:00+02:00",
    "declared_at": "2026-07-12T17:05:00+02:00",
    **dict.fromkeys(
        ["downloaded_at", "installed_at", "enabled_at", "first_attach_at", "first_usage_at"],
        "2026-07-07T09:00:00+02:00",
    ),
    "allowances": [{"kind": "data", "granted": 10_000, "used": 2840}],
}
PACKS = [pack_source("eu-crd@1"), pack_source("house@2")]
PAGE = b"""#set document(date: datetime(year: 2026, month: 3, day: 2))
#pdf.attach("fairroam.json", bytes(sys.inputs.document))"""


def a_decision(**changes) -> dict:
    result = decide(FACTS, compile_packs(PACKS)).as_json()
    return {
        "kind": "decision",
        "number": "DC-7K3M",
        "issued_at": "2026-07-12T15:06:10Z",
        "seller": {"legal_name": "Fairroam GmbH", "website": "https://fairroam.example"},
        "facts": FACTS,
        "packs": PACKS,
        "result": result,
        "total": {"minor": result["due"], "currency": "EUR", "exponent": 2},
    } | changes


@pytest.fixture
def check(tmp_path, capsys):
    """Run the command on a file; return its exit code and what it printed."""

    def run(file: dict | bytes | str, *, keys=KEYS, language="en") -> tuple[int, str]:
        paper, published = tmp_path / "paper", tmp_path / "keys.json"
        text = json.dumps(file, ensure_ascii=False) if isinstance(file, dict) else file
        paper.write_bytes(text.encode() if isinstance(text, str) else text)
        published.write_text(json.dumps(keys.as_jwks()))
        code = main([str(paper), "--keys", str(published), "--language", language])
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_true_decision_is_computed_again_to_the_same_amount(check, language):
    code, said = check(sign(a_decision(), KEY), language=language)

    assert code == 0
    assert (
        said.splitlines()[-1]
        == {
            "en": "Computed again from the facts and the refund packs in it: the same amount,"
            " 21.48 EUR.",
            "zh-Hans": "按其中的事实和退款规则重新计算：金额相同，21.48 EUR。",
            "zh-Hant": "依其中的事實與退款規則重新計算：金額相同，21.48 EUR。",
        }[language]
    )
    for shown in ("DC-7K3M", "2026-07-12T15:06:10Z", "Fairroam GmbH", "https://fairroam.example"):
        assert shown in said


@pytest.mark.parametrize(
    ("place", "difference"),
    [
        ({"result": {"due": 2148, "refund": 1}}, "refund: on paper 1, computed 2148"),
        ({"facts": FACTS | {"paid": 4000}}, "due: on paper 2148, computed 2864"),
        (
            {"packs": PACKS[:1]},
            'packs: on paper ["eu-crd@1","house@2"], computed ["eu-crd@1"]',
        ),
        ({"packs": [{"pack": "x"}]}, 'error: on paper nothing, computed "BAD_PACK"'),
        (
            {"total": {"minor": 2000, "currency": "EUR", "exponent": 2}},
            "total: on paper 2000, computed 2148",
        ),
    ],
)
def test_a_well_signed_decision_that_the_rules_do_not_give_is_refused(check, place, difference):
    statement = a_decision()
    if "result" in place:
        place = {"result": statement["result"] | place["result"]}

    code, said = check(sign(statement | place, KEY))

    assert code == 1
    assert said.startswith("SIGNED, BUT WRONG.")
    assert difference in said.splitlines()


def test_goodwill_is_told_apart_from_what_the_rules_give(check):
    code, said = check(
        sign(a_decision(total={"minor": 2500, "currency": "EUR", "exponent": 2}), KEY)
    )

    assert code == 0
    assert "3.52 EUR of the total was added by a person" in said


def test_other_data_versions_are_told_and_do_not_hurt(check):
    statement = a_decision()
    statement["result"]["versions"]["tzdata"] = "1999a"
    statement["result"]["reasons"] = []

    code, said = check(sign(statement, KEY))

    assert code == 0
    assert '"tzdata":"1999a"' in said


def test_what_holds_no_decision_is_not_computed(certificate):
    assert recompute(certificate) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_changed_paper_is_refused_and_both_readings_are_shown(
    check, certificate, language, capsys
):
    document = sign(certificate, KEY)
    document["statement"]["paid"]["minor"] = 9148
    document["statement"]["note"] = "\x9b2J\u202etrue"

    code, said = check(document, language=language)

    assert code == 1
    assert "2148" in said
    assert "9148" in said
    assert "\\x9b2J\\u202etrue" in said  # and not the control characters themselves


def test_a_signature_that_does_not_fit_is_refused(check, certificate):
    document = sign(certificate, KEY)
    document["signature"] = document["signature"][:-9]

    code, said = check(document)

    assert code == 1
    assert said.startswith("CHANGED.")
    assert "does not fit" in said


def test_a_stranger_s_signature_is_refused(check, certificate):
    code, said = check(sign(certificate, make_key()))

    assert code == 1
    assert said.startswith("NOT TRUE.")


def test_a_revoked_key_is_told_with_its_instant(check, certificate):
    revoked = PublishedKey(KEY, MADE_AT, datetime(2026, 3, 1, tzinfo=UTC))

    code, said = check(sign(certificate, KEY), keys=KeySet([revoked]))

    assert code == 1
    assert "2026-03-01T00:00:00Z" in said


def test_a_picture_is_read_by_what_it_carries(check, certificate):
    document = sign(certificate, KEY)
    inputs = {"document": json.dumps(document)}
    pdf = typst.Compiler(PAGE, ignore_system_fonts=True).compile(format="pdf", sys_inputs=inputs)
    picture = seal(pdf, document, KEY)

    true, _ = check(picture)
    changed, said = check(picture + b"\n%%EOF")

    assert (true, changed) == (0, 1)
    assert "The PDF was altered" in said
    assert certificate["number"] in said


@pytest.mark.parametrize("file", ["", "no JSON", "{}", "%PDF-1.7", '{"a": 1, "a": 2}', b"\xff"])
def test_a_file_of_another_kind_cannot_be_read(check, file):
    code, said = check(file)

    assert code == 2
    assert said.startswith("NOT READABLE: ")


def test_a_missing_file_cannot_be_read(tmp_path, capsys):
    (tmp_path / "keys.json").write_text(json.dumps(KEYS.as_jwks()))

    code = main([str(tmp_path / "nothing"), "--keys", str(tmp_path / "keys.json")])

    assert code == 2
    assert "NOT READABLE" in capsys.readouterr().out


def test_keys_are_never_taken_from_beside_the_paper(tmp_path, monkeypatch, capsys, certificate):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAIRROAM_FOLDER", raising=False)
    (tmp_path / "paper.json").write_text(json.dumps(sign(certificate, KEY)))
    (tmp_path / "fairroam-keys.json").write_text(json.dumps(KEYS.as_jwks()))

    assert main(["paper.json"]) == 2
    assert "official address" in capsys.readouterr().out


def test_our_own_folder_has_the_keys(tmp_path, monkeypatch, certificate):
    monkeypatch.setenv("FAIRROAM_FOLDER", str(tmp_path))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "fairroam-keys.json").write_text(json.dumps(KEYS.as_jwks()))
    (tmp_path / "paper.json").write_text(json.dumps(sign(certificate, KEY)))

    assert main([str(tmp_path / "paper.json")]) == 0


def test_the_check_needs_no_django_and_no_network_library():
    script = (
        "import sys, fairroam.project.verify;"
        "sys.exit(any(name in sys.modules for name in ('django', 'httpx', 'psycopg')))"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
