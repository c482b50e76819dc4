"""What can be done with papers and keys."""

from fairroam.apps.papers.operations.issuing import Draft, issue, write_each
from fairroam.apps.papers.operations.keys import (
    ensure_signing_key,
    publish_keys,
    revoke_key,
    rotate_key,
)
from fairroam.apps.papers.operations.pictures import render_pdf

__all__ = [
    "Draft",
    "ensure_signing_key",
    "issue",
    "publish_keys",
    "render_pdf",
    "revoke_key",
    "rotate_key",
    "write_each",
]
