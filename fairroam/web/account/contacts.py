"""The address book that a customer keeps here: look, add, change, delete, take in, take along."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator, validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fairroam.apps.contacts import operations, queries
from fairroam.apps.contacts.operations import Imported
from fairroam.apps.contacts.refusals import ContactsNotReadable
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.gateways.contact_files import (
    LIST_MAX,
    NAME_MAX,
    NOTE_MAX,
    SIZE_MAX,
    Card,
    NotReadable,
    bounded,
    decoded,
    tables,
    vcards,
)
from fairroam.web.account.me import customers_only
from fairroam.web.components import formats
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused

TABLE_BYTES_MAX = 2_000_000  # of a CSV file while its owner says what its columns mean
FILES = {"vcf": ("text/vcard", vcards.write), "csv": ("text/csv", tables.write)}
MEANINGS = [
    ("", gettext_lazy("leave out")),
    ("name", gettext_lazy("Name")),
    ("organisation", gettext_lazy("Company")),
    ("phones", gettext_lazy("Phone")),
    ("emails", gettext_lazy("E-mail")),
    ("address", gettext_lazy("Address")),
    ("birthday", gettext_lazy("Birthday")),
    ("note", gettext_lazy("Note")),
]


class SeveralField(forms.CharField):
    """Several texts, one a line."""

    def __init__(self, **words: Any) -> None:
        super().__init__(
            required=False, max_length=NOTE_MAX, widget=forms.Textarea({"rows": 2}), **words
        )

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(value)

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        if len(value) > LIST_MAX:
            raise forms.ValidationError(_("At most ten, please."))

    def run_validators(self, value: Any) -> None:
        for line in value:
            super().run_validators(line)


class ContactForm(forms.Form):
    """One contact."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_MAX)
    phones = SeveralField(
        label=gettext_lazy("Phone"), help_text=gettext_lazy("One number a line, with +49 or alike.")
    )
    emails = SeveralField(
        label=gettext_lazy("E-mail"),
        help_text=gettext_lazy("One address a line."),
        validators=[validate_email],
    )
    organisation = forms.CharField(
        label=gettext_lazy("Company"), max_length=NAME_MAX, required=False
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=NOTE_MAX,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    birthday = forms.CharField(
        label=gettext_lazy("Birthday"),
        help_text=gettext_lazy("Like 1990-04-12, or --04-12 without the year."),
        required=False,
        validators=[RegexValidator(r"^(\d{4}|-)-\d{2}-\d{2}$")],
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=NOTE_MAX,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )

    def card(self) -> Card:
        """What was written, as an address book has it."""
        card = bounded(**self.cleaned_data)
        assert card is not None, "a form without a name is not valid"
        return card


class ImportForm(forms.Form):
    """A file of another address book."""

    book = forms.FileField(
        label=gettext_lazy("vCard (.vcf) or CSV file"),
        help_text=gettext_lazy("Up to 10 MB and 5,000 contacts. Pictures are left out."),
        widget=forms.ClearableFileInput({"accept": ".vcf,.csv,text/vcard,text/csv"}),
    )


class ColumnsForm(forms.Form):
    """What each column of a CSV file means."""

    content = forms.CharField(widget=forms.HiddenInput, max_length=TABLE_BYTES_MAX, strip=False)

    def __init__(self, posted: Any, *, names: tuple[str, ...], content: str = "") -> None:
        super().__init__(posted, initial={"content": content})
        known = tables.guessed(names)
        for place, name in enumerate(names):
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=name or _("Column %(number)s") % {"number": place + 1},
                choices=MEANINGS,
                initial=known.get(place, ""),
                required=False,
            )

    def meaning(self) -> dict[int, str]:
        """Place of a column -> field."""
        return {
            int(field.removeprefix("column_")): chosen
            for field, chosen in self.cleaned_data.items()
            if field.startswith("column_") and chosen
        }


@never_cache
@customers_only
@require_safe
def contacts(request: HttpRequest, customer: Customer) -> HttpResponse:
    """By name, a page at a time; who seems to be there twice carries a mark."""
    wanted = request.GET.get("wanted", "").strip()[:NAME_MAX]
    context = {
        "rows": page_of(queries.contacts_of(customer.pk, wanted=wanted), request),
        "wanted": wanted,
        "count": queries.count(customer.pk),
    }
    return render(request, "account/contacts.html", context)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Write somebody down."""
    form = ContactForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/contact.html", {"form": form}, status=status)
    try:
        operations.add_contact(customer_id=customer.pk, card=form.card(), now=now())
    except Refusal as refusal:
        return render_refused(request, "account/contact.html", form, refusal)
    messages.success(request, _("Saved."))
    return redirect("account:contacts")


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, customer: Customer, contact_id: int) -> HttpResponse:
    """One contact, to change or delete."""
    row = queries.contact_of(contact_id, customer.pk)
    shown = {field: getattr(row.card, field) for field in tables.FIELDS}
    form = ContactForm(request.POST or None, initial=shown)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/contact.html", {"form": form, "row": row}, status=status)
    try:
        operations.change_contact(
            contact_id=contact_id, customer_id=customer.pk, card=form.card(), now=now()
        )
    except Refusal as refusal:
        return render_refused(request, "account/contact.html", form, refusal, row=row)
    messages.success(request, _("Saved."))
    return redirect("account:contacts")


@customers_only
@require_POST
def delete(request: HttpRequest, customer: Customer, contact_id: int) -> HttpResponse:
    """Take one out of the book."""
    queries.contact_of(contact_id, customer.pk)
    operations.delete_contact(contact_id=contact_id, customer_id=customer.pk, now=now())
    messages.success(request, _("Deleted."))
    return redirect("account:contacts")


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Take in a vCard at once; of a CSV file ask first what its columns mean."""
    if "content" in request.POST:
        return take_in_table(request, customer)
    form = ImportForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/contacts_import.html", {"form": form}, status=status)
    try:
        content = content_of(form.cleaned_data["book"])
        if not operations.is_vcard(content):
            return render_columns(request, ColumnsForm(None, **table_of(content)))
        reading = operations.read_file(content)
        said = operations.import_contacts(customer_id=customer.pk, reading=reading, now=now())
    except Refusal as refusal:
        return render_refused(request, "account/contacts_import.html", form, refusal)
    return tell(request, said)


def take_in_table(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The same file again, now with what its columns mean."""
    content = request.POST["content"].encode()
    try:
        form = ColumnsForm(request.POST, names=table_of(content)["names"])
        if not form.is_valid():
            return render_columns(request, form, status=422)
        reading = operations.read_file(content, form.meaning())
        said = operations.import_contacts(customer_id=customer.pk, reading=reading, now=now())
    except Refusal as refusal:
        return render_refused(request, "account/contacts_import.html", ImportForm(), refusal)
    return tell(request, said)


def content_of(book: UploadedFile[bytes]) -> bytes:
    """The bytes of a file that is not too large. Raises ContactsNotReadable."""
    if book.size is None or book.size > SIZE_MAX:
        raise ContactsNotReadable(size=book.size)
    content: bytes = book.read()
    return content


def table_of(content: bytes) -> dict[str, Any]:
    """The names of the columns, and the text to keep meanwhile. Raises ContactsNotReadable."""
    try:
        text = decoded(content)
        names = tables.columns(content)
    except NotReadable:
        raise ContactsNotReadable(size=len(content)) from None
    if not names or "\0" in text or len(text.encode()) > TABLE_BYTES_MAX:
        raise ContactsNotReadable(size=len(content))
    return {"names": names, "content": text}


def render_columns(request: HttpRequest, form: ColumnsForm, *, status: int = 200) -> HttpResponse:
    return render(request, "account/contacts_columns.html", {"form": form}, status=status)


def tell(request: HttpRequest, said: Imported) -> HttpResponse:
    """Say what became of the file, line by line."""
    lines = [
        (True, ngettext("%(count)s contact added.", "%(count)s contacts added.", said.added)
         % {"count": said.added}),
        (said.known, ngettext("%(count)s was there already.", "%(count)s were there already.",
                              said.known) % {"count": said.known}),
        (said.unreadable, ngettext("%(count)s could not be read.", "%(count)s could not be read.",
                                   said.unreadable) % {"count": said.unreadable}),
        (said.pictures, ngettext("%(count)s picture left out.", "%(count)s pictures left out.",
                                 said.pictures) % {"count": said.pictures}),
    ]  # fmt: skip
    told = formats.in_a_row((line for happened, line in lines if happened), request.LANGUAGE_CODE)
    messages.success(request, told)
    return redirect("account:contacts")


@never_cache
@customers_only
@require_safe
def download(request: HttpRequest, customer: Customer, form: str) -> HttpResponse:
    """The whole book as a file for another program."""
    if form not in FILES:
        raise Http404
    media_type, write = FILES[form]
    return HttpResponse(
        write(queries.cards_of(customer.pk)),
        content_type=f"{media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="contacts.{form}"'},
    )
