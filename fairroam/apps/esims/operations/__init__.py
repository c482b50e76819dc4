"""What is done with lines and profiles: provide them, hear about them, take them off."""

from fairroam.apps.esims.operations.acts import (
    ask_act,
    ask_again,
    name_line,
    record_act,
    refuse_act,
    stop_instead,
)
from fairroam.apps.esims.operations.calls import record_call
from fairroam.apps.esims.operations.codes import ask_for_code, use_link
from fairroam.apps.esims.operations.end import (
    note_silence,
    record_cancelled,
    record_ended,
    record_refused_end,
    take_off,
)
from fairroam.apps.esims.operations.help import notice_never_attached
from fairroam.apps.esims.operations.observe import (
    NewFact,
    record_fact,
    record_facts,
    record_notice,
)
from fairroam.apps.esims.operations.provide import (
    deliver,
    give_up,
    plan_line,
    record_order,
    record_release,
    renew_code,
    reserve,
)

__all__ = [
    "NewFact",
    "ask_act",
    "ask_again",
    "ask_for_code",
    "deliver",
    "give_up",
    "name_line",
    "note_silence",
    "notice_never_attached",
    "plan_line",
    "record_act",
    "record_call",
    "record_cancelled",
    "record_ended",
    "record_fact",
    "record_facts",
    "record_notice",
    "record_order",
    "record_refused_end",
    "record_release",
    "refuse_act",
    "renew_code",
    "reserve",
    "stop_instead",
    "take_off",
    "use_link",
]
