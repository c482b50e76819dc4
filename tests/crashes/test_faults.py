"""The outside fails in every way it can: asked again with the same key, the end is the same.

A time-out or an error may come before or after the effect, and nobody says which.
"""

from __future__ import annotations

from tests.crashes.journeys import travel

FAULTS_ARMED = 2
FAULT_SECONDS = 1.0  # until it ends by itself


def test_a_fault_outside_leaves_no_trace(fault, stack, undisturbed):
    name, call, kind = fault.split(" ")
    is_installed = call == "end_line"
    expected = undisturbed(is_installed)
    stack[name].arm(call, kind, times=FAULTS_ARMED, seconds=FAULT_SECONDS)

    state, effects = travel(stack, is_installed=is_installed)

    left = stack[name].ask("GET", "/_faults")["faults"]
    assert sum(one["times"] for one in left) < FAULTS_ARMED  # It was met, maybe more than once.
    assert effects == expected.effects
    assert state == expected.state


def test_a_mail_server_that_is_down_holds_up_no_money(stack, undisturbed):
    expected = undisturbed(False)
    stack["mail"].arm("receive_mail", "refuse_for_now", times=3)

    state, effects = travel(stack, is_installed=False)

    assert effects == expected.effects
    assert state == expected.state
