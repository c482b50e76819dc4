"""Secrets that lie in rows and in the queue, encrypted by keys that are made of the secret key."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.encoding import force_bytes


def seal_for(purpose: str) -> MultiFernet:
    """Encrypts for one purpose: by the newest secret key, readable with former ones."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [hashlib.sha256(f"{purpose}:".encode() + force_bytes(key)).digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in derived])
