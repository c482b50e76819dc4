"""Files in forms: several at once, made harmless before anything is stored, given back safely."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header

from fairroam.apps.conversations.operations import NewFile
from fairroam.apps.conversations.operations.messages import FILES_MAX
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.evidence.queries import EvidenceRow
from fairroam.apps.evidence.refusals import EvidenceTooLarge
from fairroam.gateways.files import SIZE_MAX

REQUEST_BYTES_MAX = 35_000_000  # three of the largest files and what stands beside them
CHUNK_BYTES = 65_536


class Bounded:
    """Refuse a request that says it is larger than any form of ours, before it is read (413).

    Every other is read to its end, whatever the answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = str(request.META.get("CONTENT_LENGTH") or 0)
        if length.isdecimal() and int(length) > REQUEST_BYTES_MAX:
            return HttpResponse(render_to_string("413.html"), status=413)
        response = self.get_response(request)
        with suppress(UnreadablePostError):
            # Answered unread, as a form without its cookie is: a proxy that still sends would
            # take our hanging up for a failure, and show its own page instead of ours.
            while request.read(CHUNK_BYTES):
                pass
        return response


class FilesInput(forms.ClearableFileInput):
    """A file button that takes several."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Some files, at most FILES_MAX; the cleaned value is a list."""

    def __init__(self, **words: Any) -> None:
        accepted = "image/jpeg,image/png,image/webp,application/pdf,text/plain"
        widget = FilesInput(attrs={"accept": accepted})
        super().__init__(widget=widget, required=False, max_length=300, **words)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        """Each file by itself; an empty one is no file."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        self.allow_empty_file = True
        return [super(FilesField, self).clean(one) for one in files[:FILES_MAX] if one.size]


def harmless(files: list[UploadedFile[bytes]], *, kind: str) -> list[NewFile]:
    """The files made again, ready to be kept.

    Raises EvidenceTooLarge, EvidenceTooComplex, EvidenceUnknown for the first that cannot be.
    """
    found = []
    for file in files:
        if (file.size or 0) > SIZE_MAX:
            raise EvidenceTooLarge(size=file.size)
        found.append(NewFile(evidence.clean(file.read()), file.name or "file", kind))
    return found


def given_back(row: EvidenceRow, content: bytes) -> HttpResponse:
    """A file as something to save, never as a page: whatever is in it cannot act (RFC 6266)."""
    response = HttpResponse(content, content_type=row.media_type)
    response["Content-Disposition"] = content_disposition_header(True, row.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response
