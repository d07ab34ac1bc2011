"""The public face of constraints."""

from rowsmith.metadata.constraints import BaseConstraint, CheckConstraint, Deferrable, UniqueConstraint

__all__ = ["BaseConstraint", "CheckConstraint", "Deferrable", "UniqueConstraint"]
