"""What can be done with papers and keys."""

from fairroam.apps.papers.operations.channels import (
    add_channel,
    end_channel,
    report_fake,
    settle_report,
    signed_channels,
)
from fairroam.apps.papers.operations.issuing import Draft, issue, open_series, write_each
from fairroam.apps.papers.operations.keys import (
    ensure_signing_key,
    publish_keys,
    revoke_key,
    rotate_key,
)
from fairroam.apps.papers.operations.pictures import commitment_name, render_pdf
from fairroam.apps.papers.operations.showing import record_shown

__all__ = [
    "Draft",
    "add_channel",
    "commitment_name",
    "end_channel",
    "ensure_signing_key",
    "issue",
    "open_series",
    "publish_keys",
    "record_shown",
    "render_pdf",
    "report_fake",
    "revoke_key",
    "rotate_key",
    "settle_report",
    "signed_channels",
    "write_each",
]
