"""What the address book refuses."""

from fairroam.apps.journal.refusals import Refusal


class ContactExists(Refusal):
    """This contact is there already, with the same name, numbers and addresses."""

    code = "contact-exists"


class TooManyContacts(Refusal):
    """An address book here holds 5,000 contacts. Please delete some first, or add fewer."""

    code = "too-many-contacts"


class ContactsNotReadable(Refusal):
    """We cannot read contacts in this file. Please take a vCard (.vcf) or CSV file of at most
    10 MB and 5,000 contacts.
    """

    code = "contacts-not-readable"
    status = 422
