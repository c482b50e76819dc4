"""All settings, each named once, read from the environment. A wrong value stops the start."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from fairroam.rules.waivers import YEARS_LEAST

PACKAGE = Path(__file__).resolve().parent.parent
INSECURE_SECRET = "only-for-checks-and-tests"  # noqa: S105 - boot.py refuses it in production


def env(name: str, default: str) -> str:
    return os.environ.get(name, default)


def env_int(name: str, default: str) -> int:
    value = env(name, default)
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name}={value!r}: write a whole number.")
    return int(value)


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = env(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r}: write one of {', '.join(choices)}.")
    return value


def env_file(name: str) -> Path | None:
    value = env(name, "")
    if value and not os.access(value, os.R_OK):
        raise ImproperlyConfigured(f"{name}={value!r}: write the path of a file that we may read.")
    return Path(value).resolve() if value else None


# Where and who we are ------------------------------------------------------------------------
FAIRROAM_ENVIRONMENT = env_choice(
    "FAIRROAM_ENVIRONMENT", "production", ("production", "demo", "test")
)
FAIRROAM_ADDRESS = env("FAIRROAM_ADDRESS", "http://127.0.0.1:8000").rstrip("/")
FAIRROAM_FOLDER = Path(env("FAIRROAM_FOLDER", ".fairroam"))
# Files that customers send; outside of every folder that a web server gives away.
FAIRROAM_EVIDENCE_FOLDER = Path(env("FAIRROAM_EVIDENCE_FOLDER", "") or FAIRROAM_FOLDER / "evidence")
# Exports wait here for their owners, a week at most; outside, too.
FAIRROAM_EXPORT_FOLDER = Path(env("FAIRROAM_EXPORT_FOLDER", "") or FAIRROAM_FOLDER / "exports")
SECRET_KEY = env("FAIRROAM_SECRET_KEY", INSECURE_SECRET)
DEBUG = False
ALLOWED_HOSTS = [FAIRROAM_ADDRESS.split("://")[1].split(":")[0]]
CSRF_TRUSTED_ORIGINS = [FAIRROAM_ADDRESS]
IS_HTTPS = FAIRROAM_ADDRESS.startswith("https://")

# The outside ---------------------------------------------------------------------------------
FAIRROAM_GATEWAY_TIMEOUT_SECONDS = env_int("FAIRROAM_GATEWAY_TIMEOUT_SECONDS", "20")
FAIRROAM_PAYMENTS_URL = env("FAIRROAM_PAYMENTS_URL", "")
FAIRROAM_PAYMENTS_KEY = env("FAIRROAM_PAYMENTS_KEY", "")
FAIRROAM_PAYMENTS_HOOK_SECRET = env("FAIRROAM_PAYMENTS_HOOK_SECRET", "")
# Payment providers: a key opens the way to pay there, an empty one closes it.
FAIRROAM_STRIPE_KEY = env("FAIRROAM_STRIPE_KEY", "")
FAIRROAM_STRIPE_URL = env("FAIRROAM_STRIPE_URL", "https://api.stripe.com")
FAIRROAM_STRIPE_HOOK_SECRETS = env("FAIRROAM_STRIPE_HOOK_SECRETS", "")
FAIRROAM_PAYPAL_CLIENT = env("FAIRROAM_PAYPAL_CLIENT", "")
FAIRROAM_PAYPAL_SECRET = env("FAIRROAM_PAYPAL_SECRET", "")
FAIRROAM_PAYPAL_WEBHOOK = env("FAIRROAM_PAYPAL_WEBHOOK", "")
FAIRROAM_PAYPAL_URL = env("FAIRROAM_PAYPAL_URL", "https://api-m.paypal.com")
FAIRROAM_BANK_IBAN = env("FAIRROAM_BANK_IBAN", "")
FAIRROAM_BANK_HOLDER = env("FAIRROAM_BANK_HOLDER", "fairroam")
FAIRROAM_BANK_BIC = env("FAIRROAM_BANK_BIC", "")
FAIRROAM_PROFILES_URL = env("FAIRROAM_PROFILES_URL", "")
FAIRROAM_PROFILES_REQUESTER = env("FAIRROAM_PROFILES_REQUESTER", "fairroam")
# ES2+ over mutual TLS: whom we trust, what we show where we call, and where we are called.
FAIRROAM_PROFILES_CA = env_file("FAIRROAM_PROFILES_CA")
FAIRROAM_PROFILES_CERTIFICATE = env_file("FAIRROAM_PROFILES_CERTIFICATE")
FAIRROAM_PROFILES_KEY_FILE = env_file("FAIRROAM_PROFILES_KEY_FILE")
FAIRROAM_PROFILES_DOOR_CERTIFICATE = env_file("FAIRROAM_PROFILES_DOOR_CERTIFICATE")
FAIRROAM_PROFILES_DOOR_KEY_FILE = env_file("FAIRROAM_PROFILES_DOOR_KEY_FILE")
if bool(FAIRROAM_PROFILES_CA) != bool(
    FAIRROAM_PROFILES_CERTIFICATE or FAIRROAM_PROFILES_DOOR_CERTIFICATE
):
    raise ImproperlyConfigured(
        "FAIRROAM_PROFILES_CA: name it together with a certificate, or neither of them."
    )
if FAIRROAM_PROFILES_CERTIFICATE and not FAIRROAM_PROFILES_URL.startswith("https://"):
    raise ImproperlyConfigured(
        f"FAIRROAM_PROFILES_URL={FAIRROAM_PROFILES_URL!r}: a certificate needs https://."
    )
FAIRROAM_LINES_URL = env("FAIRROAM_LINES_URL", "")
FAIRROAM_LINES_KEY = env("FAIRROAM_LINES_KEY", "")
FAIRROAM_USAGE_HOOK_SECRET = env("FAIRROAM_USAGE_HOOK_SECRET", "")
FAIRROAM_IDENTITY_URL = env("FAIRROAM_IDENTITY_URL", "")  # empty: people check people
FAIRROAM_IDENTITY_KEY = env("FAIRROAM_IDENTITY_KEY", "")
FAIRROAM_IDENTITY_HOOK_SECRET = env("FAIRROAM_IDENTITY_HOOK_SECRET", "")
FAIRROAM_SMS_URL = env("FAIRROAM_SMS_URL", "")  # empty: no text messages, mail alone
FAIRROAM_SMS_KEY = env("FAIRROAM_SMS_KEY", "")
# Suppliers who resell eSIMs to us: an address opens the shop there, an empty one closes it.
FAIRROAM_SUPPLIERS_ACCESS_URL = env("FAIRROAM_SUPPLIERS_ACCESS_URL", "")
FAIRROAM_SUPPLIERS_ACCESS_KEY = env("FAIRROAM_SUPPLIERS_ACCESS_KEY", "")
FAIRROAM_SUPPLIERS_AIRALO_URL = env("FAIRROAM_SUPPLIERS_AIRALO_URL", "")
FAIRROAM_SUPPLIERS_AIRALO_CLIENT = env("FAIRROAM_SUPPLIERS_AIRALO_CLIENT", "")
FAIRROAM_SUPPLIERS_AIRALO_SECRET = env("FAIRROAM_SUPPLIERS_AIRALO_SECRET", "")
FAIRROAM_SUPPLIERS_AIRALO_ORDERS = env_choice(
    "FAIRROAM_SUPPLIERS_AIRALO_ORDERS", "waited", ("waited", "told")
)
# Below so much credit (minor units of the account's currency) a supplier is an alarm.
FAIRROAM_SUPPLIERS_BALANCE_LOW = env_int("FAIRROAM_SUPPLIERS_BALANCE_LOW", "10000")
# How many full calendar years after the one of its signature a waived balance can be claimed.
FAIRROAM_WAIVER_YEARS = env_int("FAIRROAM_WAIVER_YEARS", "3")
if FAIRROAM_WAIVER_YEARS < YEARS_LEAST:
    raise ImproperlyConfigured(f"FAIRROAM_WAIVER_YEARS: write {YEARS_LEAST} or more.")
# Demo only: where phones take pushed messages (`sandbox.push.phones`).
FAIRROAM_PUSH_READER_URL = env("FAIRROAM_PUSH_READER_URL", "")
FAIRROAM_MAIL_READER_URL = env("FAIRROAM_MAIL_READER_URL", "")  # demo only: where mails are read
FAIRROAM_METRICS_TOKEN = env("FAIRROAM_METRICS_TOKEN", "")  # empty: this machine alone may ask

# Django ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "fairroam.apps.journal",
    "fairroam.apps.customers",
    "fairroam.apps.contacts",
    "fairroam.apps.catalogue",
    "fairroam.apps.papers",
    "fairroam.apps.notices",
    "fairroam.apps.ledger",
    "fairroam.apps.payments",
    "fairroam.apps.wallet",
    "fairroam.apps.evidence",
    "fairroam.apps.conversations",
    "fairroam.apps.orders",
    "fairroam.apps.esims",
    "fairroam.apps.metering",
    "fairroam.apps.suppliers",
    "fairroam.apps.incidents",
    "fairroam.apps.refunds",
    "fairroam.apps.exports",
    "fairroam.apps.closures",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "lucide",
    "csp",
    "procrastinate.contrib.django",
    "django_linear_migrations",
]
MIDDLEWARE = [
    "fairroam.project.health.Health",
    "django.middleware.security.SecurityMiddleware",
    "fairroam.project.static_files.PackedFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "fairroam.web.components.uploads.Bounded",
    "fairroam.web.components.editions.OneEdition",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "fairroam.web.account.sessions.Sessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "fairroam.web.components.unavailable.Unavailable",
    "fairroam.web.components.refused.Refused",
]
# What this process answers: the public, or profile servers that have shown their certificate.
FAIRROAM_DOORS = env_choice("FAIRROAM_DOORS", "public", ("public", "profiles"))
ROOT_URLCONF = {
    "public": "fairroam.project.urls",
    "profiles": "fairroam.web.hooks.certified_urls",
}[FAIRROAM_DOORS]
if FAIRROAM_DOORS == "profiles":
    ALLOWED_HOSTS = ["*"]  # Carriers may know us by another name, and no page builds a link of it.
WSGI_APPLICATION = "fairroam.project.wsgi.application"
AUDIENCES = ["components", "site", "account", "desk", "demo"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / audience / "templates" for audience in AUDIENCES],
        "OPTIONS": {
            "loaders": [
                (
                    "fairroam.web.components.folding.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "fairroam.web.components.context.brand",
            ],
            "libraries": {"fairroam": "fairroam.web.components.tags"},
            "builtins": ["fairroam.web.components.tags", "lucide.templatetags.lucide"],
        },
    }
]

# Database --------------------------------------------------------------------------------------
# An app-role connection; migrations use DATABASE_OWNER_URL (see project/cli.py).
DATABASE_URL = env("DATABASE_URL", "postgresql:///fairroam")
DATABASE_POOL_MAX = env_int("FAIRROAM_DATABASE_POOL_MAX", "0")  # 0 = one connection per thread


def database(url: str) -> dict[str, object]:
    parts = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "CONN_MAX_AGE": 0 if DATABASE_POOL_MAX else 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # Never wait for ever: for a lock, for a statement, or inside an idle transaction.
            "options": "-c lock_timeout=3s -c statement_timeout=60s"
            " -c idle_in_transaction_session_timeout=60s",
            **(
                {"pool": {"min_size": 1, "max_size": DATABASE_POOL_MAX}}
                if DATABASE_POOL_MAX
                else {}
            ),
        },
    }


DATABASES = {"default": database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
    },
    # Parts of pages that are the same for everybody, by the edition of what is sold.
    "template_fragments": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100},
    },
}

# Jobs: the worker alone imports them; everybody else queues them by name.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""

# Sign-in ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "customers.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
ACCOUNT_ADAPTER = "fairroam.web.account.signin.MailedCodeAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True  # the adapter writes to who left, never to who never came
ACCOUNT_FORMS = {
    "request_login_code": "fairroam.web.account.code_form.AddressForm",
    "confirm_login_code": "fairroam.web.account.code_form.CodeForm",
}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = {  # beside the library's own
    "desk_search": "60/m/user",
    # Pages without a sign-in that write to a mailbox: a shared network has many people in it.
    "public_mail": "60/10m/ip",
}
# How many servers of ours stand in front and write X-Forwarded-For; limits count per address.
ALLAUTH_TRUSTED_PROXY_COUNT = env_int("FAIRROAM_TRUSTED_PROXIES", "0")
if ALLAUTH_TRUSTED_PROXY_COUNT:  # they end TLS and say so; browsers are told to come by it alone
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
MFA_ADAPTER = "fairroam.web.account.signin.SealedFactors"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]  # never SMS: numbers can be taken over
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "fairroam.web.account.passkey_forms.AddPasskey",
    "authenticate_webauthn": "fairroam.web.account.passkey_forms.ShowPasskey",
    "login_webauthn": "fairroam.web.account.passkey_forms.SignInWithPasskey",
}
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # phones' clocks are some seconds off
MFA_ALLOW_UNVERIFIED_EMAIL = True  # who is in has shown a code out of that mailbox
LOGIN_URL = "account_request_login_code"
LOGIN_REDIRECT_URL = "/account/"
LOGOUT_REDIRECT_URL = "/"
SESSION_ENGINE = "fairroam.web.account.session_store"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# Mail ------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env("FAIRROAM_SMTP_HOST", "127.0.0.1")
EMAIL_PORT = env_int("FAIRROAM_SMTP_PORT", "25")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("FAIRROAM_MAIL_FROM", "fairroam <service@fairroam.example>")

# Logs: to standard error, warnings and worse; the supervisor keeps them in files.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "fairroam.project.logs.WithoutValues",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # Pages that were not found or refused are no fault of ours, and their addresses name people.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.csrf": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}

# Languages and static files --------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "web" / "components" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
