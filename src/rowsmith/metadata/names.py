"""Names: labels, tables and identifiers that are derived from a model's class."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from rowsmith.imports import Later

if TYPE_CHECKING:
    import hashlib
else:
    hashlib = Later("hashlib")

MAX_IDENTIFIER = 63
"""The shortest limit of the supported databases (PostgreSQL's), so that one model has the same names everywhere."""


def digest(*parts: str, length: int = 8) -> str:
    """The same short hexadecimal word for the same parts, in every process."""
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()[:length]


def shortened(name: str, limit: int = MAX_IDENTIFIER) -> str:
    """`name`, or its beginning and a digest of the whole when it is longer than `limit`."""
    if len(name.encode()) <= limit or is_quoted(name):
        return name
    start = name.encode()[: limit - 5].decode(errors="ignore")
    return f"{start}_{digest(name, length=4)}"


def is_quoted(name: str) -> bool:
    """Whether the author of the model has quoted the table name himself."""
    return len(name) > 1 and name[0] == name[-1] == '"'


def app_label(module: str) -> str:
    """The app label of a model defined in `module`.

    The package that holds `models`; without such a package the module's own package; without any package the
    module's name, and for `__main__` the script's.
    """
    if module == "__main__":
        path = getattr(sys.modules.get("__main__"), "__file__", None)
        return _identifier(os.path.splitext(os.path.basename(path))[0]) if path else "main"
    parts = module.split(".")
    if "models" in parts[1:]:
        last = len(parts) - 1 - parts[::-1].index("models")
        return parts[last - 1]
    return parts[-2] if len(parts) > 1 else _identifier(parts[0])


def _identifier(text: str) -> str:
    return re.sub(r"\W", "_", text) or "main"


def words(name: str) -> str:
    """CamelCase as lower-case words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).lower().strip()
