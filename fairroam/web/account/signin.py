"""How allauth and our customers meet: mails go through notices, users become customers."""

from allauth.account.adapter import DefaultAccountAdapter


class MailedCodeAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """Sign-in by a code in the mail."""
