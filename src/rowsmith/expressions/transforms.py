"""Transform: a function of one argument that may follow a name after a double underscore."""

from __future__ import annotations

from typing import Any, ClassVar

from rowsmith.expressions.func import Func
from rowsmith.expressions.registration import RegisterLookup


class Transform(RegisterLookup, Func):
    """A function of one argument, spelled `lookup_name` in a path; what it returns decides what may follow.

    bilateral:  a lookup after it compares with the transformed right side.
    """

    arity = 1
    transparent = True
    bilateral: ClassVar[bool] = False
    lookup_name: ClassVar[str]

    @property
    def lhs(self) -> Any:
        """The operand."""
        return self.get_source_expressions()[0]

    def get_bilateral_transforms(self) -> list[type[Transform]]:
        """The transforms of the left side that the right side of a lookup goes through, too; innermost first."""
        inner: list[type[Transform]] = getattr(self.lhs, "get_bilateral_transforms", list)()
        return [*inner, type(self)] if self.bilateral else inner
