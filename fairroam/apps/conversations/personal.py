"""What is personal in conversations: what was written, and who wrote without an account.

That somebody wrote, when, through which door, and how long we took stays; it names nobody.
"""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.conversations.models import GuideOpinion, Message, Thread
from fairroam.apps.customers import queries as customers
from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import KEY, PROOF, SECRET, SHOP, STAFF, STEP, Table


def _owner(customer_id: int, thread: str) -> Q:
    """Their threads, and those from their address from before anybody knew whose it is."""
    theirs = Q((f"{thread}customer_id", customer_id))
    known = customers.address_of(customer_id)
    if known is not None:
        theirs |= Q((f"{thread}customer__isnull", True), (f"{thread}address__iexact", known))
    return theirs


def _messages_of(customer_id: int) -> Q:
    return _owner(customer_id, "thread__")


def _threads_of(customer_id: int) -> Q:
    return _owner(customer_id, "")


# Messages before their threads: by the address of the thread they are found.
TABLES = (
    Table(
        name="conversations_message",
        about="messages",
        whose=_messages_of,
        why=PROOF,
        kept="id thread_id author channel received_at written_at files_left_out",
        erased="words",
        ours={
            KEY: "customer_id",
            STEP: "is_turn marked_as marked_at",
            STAFF: "actor marked_by",
        },
    ),
    Table(
        name="conversations_thread",
        about="messages",
        whose=_threads_of,
        why=PROOF,
        kept="id stage language opened_at first_answered_at ended_at times_reopened rating"
        " rated_at token",
        erased="subject address rating_words",
        withheld={SECRET: "token"},
        ours={KEY: "customer_id is_live", STEP: "waiting_since", STAFF: "assignee_id"},
    ),
    Table(name="conversations_message_files", ours={KEY: "id message_id evidence_id"}),
    Table(
        name="conversations_mail",
        ours={KEY: "id message_id_sha256 content_sha256 outcome message_id received_at"},
    ),
    # What somebody thinks of a guide, written without a name.
    Table(
        name="conversations_guideopinion",
        ours={SHOP: "id guide language is_helpful words stage said_at"},
    ),
    Table(name="conversations_hiddenguide", ours={SHOP: "id guide"}),
    Table(
        name="conversations_savedreply",
        ours={SHOP: "id title language words", STAFF: "changed_by changed_at"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written by and to them; how many values were erased, per field.

    Also what came from their address before anybody knew whose it is, and their address wherever
    somebody without an account named it.
    """
    return {"others' words": _hide_address(customer_id), **personal.erase(TABLES, customer_id)}


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return personal.remains(TABLES, customer_id)


def _hide_address(customer_id: int) -> int:
    """Take the customer's address out of what others wrote; how many texts named it."""
    address = customers.address_of(customer_id)
    if address is None:
        return 0
    messages = Message.objects.filter(customer__isnull=True)
    threads = Thread.objects.filter(customer__isnull=True)
    opinions = GuideOpinion.objects.all()
    return personal.hide(
        address,
        (messages, "words"),
        (threads, "subject"),
        (threads, "rating_words"),
        (opinions, "words"),
    )
