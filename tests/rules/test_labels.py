"""The fixed words on the buttons by which people leave a contract."""

from __future__ import annotations

import pytest

from fairroam.rules.labels import labels_for


@pytest.mark.promise(65)
@pytest.mark.parametrize(
    ("residence", "withdraw", "confirm"),
    [
        ("DE", "Vertrag widerrufen", "Widerruf bestätigen"),
        ("DE-BY", "Vertrag widerrufen", "Widerruf bestätigen"),
        ("IT", "recedere dal contratto qui", "conferma recesso"),
        ("FR", "renoncer au contrat ici", "confirmer la rétractation"),
        ("ES", "Withdraw from contract here", "Confirm withdrawal"),
        ("GB", "Cancel a contract", "Confirm cancellation"),
        ("CN", "撤回合同", "确认撤回"),
        ("US", "Withdraw from a contract", "Confirm withdrawal"),
        ("", "Withdraw from a contract", "Confirm withdrawal"),
    ],
)
def test_the_words_of_the_law_stand_on_the_buttons(residence, withdraw, confirm):
    labels = labels_for(residence)

    assert (labels.withdraw, labels.confirm_withdrawal) == (withdraw, confirm)
    assert labels.source


def test_german_law_asks_for_a_door_of_its_own_to_end_a_contract():
    labels = labels_for("DE")

    assert (labels.terminate, labels.confirm_termination) == (
        "Verträge hier kündigen",
        "jetzt kündigen",
    )
    assert labels_for("FR").terminate is None
