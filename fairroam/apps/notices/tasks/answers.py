"""What mail servers answer."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused, SMTPResponseException


def answers(error: Exception) -> list[tuple[int, bytes | str]]:
    """What the mail server answered, per recipient; nothing when it did not answer."""
    if isinstance(error, SMTPRecipientsRefused):
        return list(error.recipients.values())
    if isinstance(error, SMTPResponseException):
        return [(error.smtp_code, error.smtp_error)]
    return []


def is_final(error: Exception) -> bool:
    """Whether the mail server will never take it: 5xx, RFC 5321 section 4.2.1."""
    codes = [code for code, _words in answers(error)]
    return bool(codes) and all(code >= 500 for code in codes)


def said(error: Exception) -> str:
    """The mail server's own words, or why we could not reach it."""
    lines = [
        f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
        for code, words in answers(error)
    ]
    return " ".join(" ".join(lines).split()) or type(error).__name__
