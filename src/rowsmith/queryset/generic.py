"""What querysets are generic in, for type checkers: the model that is asked about, and what a row is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    M = TypeVar("M", covariant=True, default=Any)
    R = TypeVar("R", covariant=True, default=M)
else:
    from typing import TypeVar

    M = TypeVar("M")
    R = TypeVar("R")
