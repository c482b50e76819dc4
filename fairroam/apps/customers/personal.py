"""Which fields of people are personal, and what closing an account does with them.

The customer's own row names nobody and stays: the books point to it.
"""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from fairroam.apps.customers.models import BillingDetails, BrowserSession, Customer
from fairroam.apps.journal.personal import BOOKS, KEY, PROGRAM, PROOF, SECRET, SHOP, STAFF, Table

OF_USER = "user__customer__id"
TABLES = (
    Table(
        name="customers_customer",
        about="account",
        whose="id",
        why=BOOKS,
        kept="id number residence zone language is_open opened_at leaving_at closed_at",
        ours={KEY: "user_id"},
    ),
    Table(
        name="customers_user",
        about="sign_in",
        whose="customer__id",
        deleted="email password last_login joined_at",
        withheld={SECRET: "password"},
        ours={KEY: "id", STAFF: "is_superuser is_active is_staff"},
    ),
    Table(
        name="account_emailaddress",
        about="sign_in",
        whose=OF_USER,
        deleted="email verified primary",
        ours={KEY: "id user_id"},
    ),
    Table(
        name="account_emailconfirmation",
        about="sign_in",
        whose="email_address__user__customer__id",
        deleted="created sent key",
        withheld={SECRET: "key"},
        ours={KEY: "id email_address_id"},
    ),
    Table(
        name="mfa_authenticator",
        about="sign_in",
        whose=OF_USER,
        deleted="type data created_at last_used_at",
        withheld={SECRET: "data"},
        ours={KEY: "id user_id"},
    ),
    # Django's own row of a session goes with its sign-out; what was in it is signed, not read.
    Table(name="django_session", ours={SECRET: "session_key session_data expire_date"}),
    Table(
        name="customers_browsersession",
        about="sign_in",
        whose=OF_USER,
        why=PROOF,
        kept="session_key started_at seen_at ended_at",
        erased="user_agent",
        withheld={SECRET: "session_key"},
        ours={KEY: "id user_id"},
    ),
    Table(
        name="customers_billingdetails",
        about="account",
        whose="customer_id",
        deleted="company address country tax_number kept_at",
        ours={KEY: "customer_id"},
    ),
    Table(
        name="customers_securitychange",
        about="sign_in",
        whose="customer_id",
        why=PROOF,
        kept="kind changed_at",
        ours={KEY: "id customer_id"},
    ),
    Table(
        name="customers_guardedact",
        about="sign_in",
        whose="customer_id",
        why=PROOF,
        kept="kind method proven_at changed_at acted_at",
        ours={KEY: "id customer_id"},
    ),
    # The team.
    Table(name="customers_user_groups", ours={STAFF: "id user_id group_id"}),
    Table(name="customers_user_user_permissions", ours={STAFF: "id user_id permission_id"}),
    Table(name="customers_staffperson", ours={STAFF: "id started_at"}),
    Table(
        name="customers_staffmember",
        ours={STAFF: "id user_id person_id role invited_by_id joined_at ended_at"},
    ),
    Table(
        name="customers_stafflimit",
        ours={
            STAFF: "id role currency single_minor set_by_id set_by_person_id confirmed_by_person_id"
            " set_at counts_from"
        },
    ),
    Table(
        name="customers_staffinvitation",
        ours={
            STAFF: "id email role person_id invited_by_id token_digest invited_at expires_at"
            " accepted_at ended_at"
        },
    ),
    # Libraries: which tables and rights there are, and which jobs run. A job is given the id of
    # an event, and nothing else.
    Table(name="auth_permission", ours={SHOP: "id name content_type_id codename"}),
    Table(name="auth_group", ours={SHOP: "id name"}),
    Table(name="auth_group_permissions", ours={SHOP: "id group_id permission_id"}),
    Table(name="django_content_type", ours={PROGRAM: "id app_label model"}),
    Table(name="django_migrations", ours={PROGRAM: "id app name applied"}),
    # How often somebody tried something, by hashes, for minutes.
    Table(name="shared_cache", ours={PROGRAM: "cache_key value expires"}),
    Table(name="procrastinate_workers", ours={PROGRAM: "id last_heartbeat"}),
    Table(
        name="procrastinate_jobs",
        ours={
            PROGRAM: "id queue_name task_name priority lock args status scheduled_at attempts"
            " queueing_lock abort_requested worker_id"
        },
    ),
    Table(name="procrastinate_events", ours={PROGRAM: "id job_id type at"}),
    Table(
        name="procrastinate_periodic_defers",
        ours={PROGRAM: "id task_name defer_timestamp job_id periodic_id"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Delete the sign-in with all that hangs on it; how many values were erased, per field.

    With the user go, by their foreign keys: account_emailaddress (the address as the sign-in
    library has it) and mfa_authenticator (keys of passkeys, secrets of apps and recovery codes:
    none of them is given to anybody, the export names kind and instants only). Of sessions the
    key and the instants stay, nameless, so that the browser is told that it was signed out.
    """
    billing, _ = BillingDetails.objects.filter(pk=customer_id).delete()
    erased = {"customers_billingdetails.company": billing}
    user = Customer.objects.select_related("user").get(pk=customer_id).user
    if user is None:
        return erased | {
            "customers_user.email": 0,
            "customers_browsersession.user_agent": 0,
            "mfa_authenticator.data": 0,
        }
    sessions = BrowserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=sessions.values("session_key")).delete()
    browsers = sessions.exclude(user_agent="").count()
    sessions.filter(ended_at=None).update(ended_at=Now(), user_agent="")
    factors = user.authenticator_set.count()
    user.delete()
    return erased | {
        "customers_user.email": 1,
        "customers_browsersession.user_agent": browsers,
        "mfa_authenticator.data": factors,
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    sign_ins = Customer.objects.filter(pk=customer_id, user__isnull=False).count()
    return sign_ins + BillingDetails.objects.filter(pk=customer_id).count()
