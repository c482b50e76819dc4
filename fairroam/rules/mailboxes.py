"""Which addresses lead to the same mailbox, as far as an address alone can tell."""

from __future__ import annotations

from contextlib import suppress

# Mail services where dots in a name lead to the same mailbox. Source: Gmail's own help pages.
DOTS_MEAN_NOTHING = ("gmail.com", "googlemail.com")


def mailbox(email: str) -> str:
    """The mailbox behind an address, without case, "+tag" and dots that mean nothing.

    Its host is taken as mail is sent to it: the same host has many names in Unicode (RFC 3490).
    """
    name, _, host = email.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    with suppress(UnicodeError):  # A name that is none gets no mail.
        host = host.encode("idna").decode()
    if host in DOTS_MEAN_NOTHING:
        name, host = name.replace(".", ""), DOTS_MEAN_NOTHING[0]
    return f"{name}@{host}"
