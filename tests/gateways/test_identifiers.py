"""ICCID, EID and activation code: what we accept, refuse, warn about and write."""

from __future__ import annotations

import string
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairroam.gateways.identifiers import (
    ActivationCode,
    BadIdentifier,
    check_eid,
    normalise_iccid,
    parse_activation_code,
)

matching_ids = st.text(string.digits + string.ascii_uppercase + "-", max_size=40)
hosts = st.from_regex(r"[a-z0-9]{1,10}(\.[a-z0-9]{1,10}){1,3}", fullmatch=True)
oids = st.sampled_from(["", "1.3.6.1.4.1.31746", "2.16.840", "0.4"])
codes = st.builds(
    ActivationCode,
    smdp_address=hosts,
    matching_id=matching_ids,
    smdp_oid=oids,
    needs_confirmation_code=st.booleans(),
)


@pytest.mark.promise(5)
@pytest.mark.parametrize(
    ("text", "matching_id", "oid", "needs_confirmation_code"),
    [
        ("LPA:1$rsp.example.com$ABCD-1234", "ABCD-1234", "", False),
        ("LPA:1$rsp.example.com$ABCD-1234$1.3.6.1", "ABCD-1234", "1.3.6.1", False),
        ("LPA:1$rsp.example.com$ABCD-1234$1.3.6.1$1", "ABCD-1234", "1.3.6.1", True),
        ("LPA:1$rsp.example.com$ABCD-1234$$1", "ABCD-1234", "", True),
        ("LPA:1$rsp.example.com$", "", "", False),
        ("LPA:1$rsp.example.com$$$1", "", "", True),
    ],
)
def test_the_code_is_delivered_as_qr_text_by_hand_and_by_one_tap(
    text, matching_id, oid, needs_confirmation_code
):
    code = ActivationCode(
        smdp_address="rsp.example.com",
        matching_id=matching_id,
        smdp_oid=oid,
        needs_confirmation_code=needs_confirmation_code,
    )

    assert code.lpa == text
    assert parse_activation_code(text) == parse_activation_code(text[4:]) == code
    for link in (code.iphone_link, code.android_link):
        assert "$" not in link
        assert parse_qs(urlsplit(link).query) == {"carddata": [text]}


def test_the_secret_stays_out_of_logs():
    code = ActivationCode(smdp_address="rsp.example.com", matching_id="ABCD-1234")

    assert "ABCD-1234" not in repr(code)


def test_the_links_are_those_that_the_phones_know():
    code = ActivationCode(smdp_address="rsp.example.com", matching_id="A-1")

    assert code.iphone_link == (
        "https://esimsetup.apple.com/esim_qrcode_provisioning"
        "?carddata=LPA%3A1%24rsp.example.com%24A-1"
    )
    assert code.android_link.startswith("https://esimsetup.android.com/")


@pytest.mark.promise(5)
@given(codes)
def test_what_we_write_is_what_a_phone_reads(code):
    assert parse_activation_code(code.lpa) == code


@pytest.mark.parametrize(
    ("text", "broken_rule"),
    [
        ("", "activation-code-has-three-to-five-parts"),
        ("LPA:1$rsp.example.com", "activation-code-has-three-to-five-parts"),
        ("LPA:2$rsp.example.com$A", "activation-code-has-three-to-five-parts"),
        ("LPA:1$rsp.example.com$A$1.3$1$x", "activation-code-has-three-to-five-parts"),
        ("LPA:1$$A", "smdp-address-is-a-host-name"),
        ("LPA:1$http://rsp.example.com$A", "smdp-address-is-a-host-name"),
        ("LPA:1$-rsp.example.com$A", "smdp-address-is-a-host-name"),
        ("LPA:1$" + "a." * 126 + "com$A", "smdp-address-is-a-host-name"),
        ("lpa:1$rsp.example.com$abcd", "matching-id-is-digits-capitals-hyphens"),
        ("LPA:1$rsp.example.com$A_B", "matching-id-is-digits-capitals-hyphens"),
        ("LPA:1$rsp.example.com$A\u0661", "matching-id-is-digits-capitals-hyphens"),
        ("LPA:1$rsp.example.com$A$oid", "smdp-oid-is-dotted-numbers"),
        ("LPA:1$rsp.example.com$A$$2", "confirmation-mark-is-1-or-absent"),
    ],
)
def test_a_broken_code_is_refused_by_the_rule_it_broke(text, broken_rule):
    with pytest.raises(BadIdentifier) as refused:
        parse_activation_code(text)

    assert refused.value.code == broken_rule
    assert str(refused.value) == broken_rule  # never the secret itself


@pytest.mark.parametrize("part", ["smdp_address", "matching_id", "smdp_oid"])
def test_a_dollar_inside_a_part_is_refused(part):
    parts = {"smdp_address": "rsp.example.com", "matching_id": "A", "smdp_oid": "1.3"}

    with pytest.raises(BadIdentifier):
        ActivationCode(**(parts | {part: parts[part] + "$1"}))


@pytest.mark.parametrize(
    ("text", "iccid"),
    [
        ("8988211000000000017", "8988211000000000017"),  # a wrong check digit: suppliers have them
        ("8988211000000000017F", "8988211000000000017"),
        (" 8988211000000000017f\n", "8988211000000000017"),
        ("898821100000000001", "898821100000000001"),
        ("89882110000000000170", "89882110000000000170"),
    ],
)
def test_an_iccid_is_18_to_20_digits_with_or_without_its_padding(text, iccid):
    assert normalise_iccid(text) == iccid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "F",
        "89882110000000000",
        "898821100000000001701",
        "8988211000000000017FF",
        "898821100000000001A",
        "898821100000000001\u0667",
        "8988 2110 0000 0000 017",
    ],
)
def test_other_texts_are_no_iccid(text):
    with pytest.raises(BadIdentifier, match="iccid-is-18-to-20-digits"):
        normalise_iccid(text)


def test_an_eid_has_its_check_digits():
    assert check_eid("89001012012341234012345678901224") == "89001012012341234012345678901224"
    with pytest.raises(BadIdentifier, match="eid-check-digits"):
        check_eid("89001012012341234012345678901225")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8900101201234123401234567890122",
        "99001012012341234012345678901224",
        "8900101201234123401234567890122A",
    ],
)
def test_other_texts_are_no_eid(text):
    with pytest.raises(BadIdentifier, match="eid-is-32-digits"):
        check_eid(text)
