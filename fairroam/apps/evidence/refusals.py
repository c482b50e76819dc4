"""What the store of evidence refuses. Sizes and limits stand in `fairroam.gateways.files`."""

from fairroam.apps.journal.refusals import Refusal


class EvidenceTooLarge(Refusal):
    """This file is larger than 10 MB. Please send a smaller picture, or only the page that matters."""  # noqa: E501

    code = "file-too-large"
    status = 413


class EvidenceTooComplex(Refusal):
    """This file is too complex to be opened safely. A screenshot of it, as a picture, always works."""  # noqa: E501

    code = "file-too-complex"
    status = 413


class EvidenceUnknown(Refusal):
    """We can keep pictures (JPEG, PNG, WebP), PDF and plain text. Please send a screenshot instead."""  # noqa: E501

    code = "file-unknown"
    status = 415


class StoreFull(Refusal):
    """We cannot take files at this moment. Your words can be sent without the file; add it later."""  # noqa: E501

    code = "store-full"
    status = 507
