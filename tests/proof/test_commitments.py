"""A commitment holds a value without showing it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairroam.proof import commit, make_salt, opens

values = st.text(st.characters(exclude_categories=["Cs"]))


@given(value=values, other=values)
def test_only_the_value_with_its_salt_opens_a_commitment(value, other):
    salt = make_salt()
    commitment = commit(value, salt)

    assert opens(commitment, value, salt)
    assert opens(commitment, other, salt) == (other == value)
    assert not opens(commitment, value, make_salt())


def test_anyone_can_compute_it_again():
    salt = "000102030405060708090a0b0c0d0e0f"

    expected = hashlib.sha256(bytes(range(16)) + b"ada@example.org").hexdigest()

    assert commit("ada@example.org", salt) == f"sha256:{expected}"


@pytest.mark.parametrize("salt", ["", "00", "zz" * 16, "00" * 17])
def test_a_salt_that_could_be_guessed_is_refused(salt):
    with pytest.raises(ValueError, match=r"salt|hexadecimal"):
        commit("ada@example.org", salt)
