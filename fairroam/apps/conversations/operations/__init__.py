"""Acts upon conversations: by the customer, by a visitor, by mail, at the desk."""

from fairroam.apps.conversations.operations.desk import (
    answer,
    close,
    hand_over,
    mark_message,
    take,
)
from fairroam.apps.conversations.operations.guides import moderate, say_of_guide, show_guide
from fairroam.apps.conversations.operations.incoming import receive_mail, was_received
from fairroam.apps.conversations.operations.messages import NewFile
from fairroam.apps.conversations.operations.replies import drop_reply, save_reply
from fairroam.apps.conversations.operations.visitors import (
    adopt,
    ask_as_visitor,
    confirm,
    drop_unconfirmed,
)
from fairroam.apps.conversations.operations.writing import end_threads, open_thread, rate, write

__all__ = [
    "NewFile",
    "adopt",
    "answer",
    "ask_as_visitor",
    "close",
    "confirm",
    "drop_reply",
    "drop_unconfirmed",
    "end_threads",
    "hand_over",
    "mark_message",
    "moderate",
    "open_thread",
    "rate",
    "receive_mail",
    "save_reply",
    "say_of_guide",
    "show_guide",
    "take",
    "was_received",
    "write",
]
