"""Acts upon evidence: made harmless, kept, shown, swept."""

from fairroam.apps.evidence.operations.keeping import clean, keep, record_shown
from fairroam.apps.evidence.operations.store import sweep

__all__ = ["clean", "keep", "record_shown", "sweep"]
