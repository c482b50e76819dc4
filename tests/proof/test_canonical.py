"""RFC 8785, and reading that leaves no room for two meanings."""

import json
import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from fairroam.proof import Unreadable, canonical, read
from tests.proof.given import values

# What encoders disagree on: signs, controls, and characters that UTF-16 orders otherwise.
exotic = st.text('\x00\b\n\x1f\x7f\\"/<é\u2028\ud7ff\ue000\uffff\U0001f600[:,-1.5eE', max_size=6)


def test_the_sample_of_section_3_2_2_comes_out_as_the_rfc_says():
    sample = json.loads(
        r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]}"""
    )

    assert canonical(sample).decode() == (
        r'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"€$\u000f\nA'
        "'"
        r'B\"\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf_16_units_as_in_section_3_2_3():
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    written = json.loads(canonical(dict.fromkeys(names, 0)))

    assert list(written) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@given(value=values)
def test_what_is_written_is_read_back_the_same(value):
    assert canonical(read(canonical(value))) == canonical(value)


@given(
    value=st.recursive(
        values
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(2**52, 2**53 - 1)
        | exotic,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(exotic, inner, max_size=4),
        max_leaves=6,
    )
)
def test_the_fast_way_writes_what_the_thorough_one_does(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(value=values)
def test_order_and_space_do_not_matter(value):
    relaxed = json.dumps(value, indent=3, ensure_ascii=True, sort_keys=True)

    assert canonical(read(relaxed)) == canonical(value)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**53, "\ud800", {"\ud800": 1}, {"a": object()}, {1: 2}]
)
def test_what_has_no_exact_form_is_refused(value):
    with pytest.raises(Unreadable):
        canonical(value)


@pytest.mark.parametrize(
    "text",
    [
        '{"total": 5, "total": 3}',
        '[{"a": {"b": 1, "b": 1}}]',
        "1.0",
        "1e2",
        "NaN",
        "-Infinity",
        "{",
        "",
        b"\xff\xfe\x00",
        "[" * 100_000,
        "9" * 5000,
    ],
)
def test_a_text_with_two_meanings_or_none_is_refused(text):
    with pytest.raises(Unreadable):
        read(text)
