"""Storage: where the files of file fields are kept."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from rowsmith import config
from rowsmith.exceptions import SuspiciousFileOperation
from rowsmith.imports import Later

if TYPE_CHECKING:
    import secrets
else:
    secrets = Later("secrets")

class FileSystemStorage:
    """Files below one folder: `location`, else the option `media_root`."""

    def __init__(self, location: str | os.PathLike[str] | None = None, base_url: str | None = None) -> None:
        self._location = location
        self._base_url = base_url

    @property
    def location(self) -> Path:
        return Path(self._location if self._location is not None else config.current().media_root).absolute()

    @property
    def base_url(self) -> str:
        url = self._base_url if self._base_url is not None else config.current().media_url
        return url if not url or url.endswith("/") else f"{url}/"

    def path(self, name: str) -> str:
        """The file's place in the file system; SuspiciousFileOperation when that is outside of `location`."""
        root = self.location
        found = Path(os.path.abspath(root / name))
        if root != found and root not in found.parents:
            raise SuspiciousFileOperation(f"The file name {name!r} leads out of {str(root)!r}.")
        return str(found)

    def url(self, name: str) -> str:
        return self.base_url + quote(name.replace("\\", "/").lstrip("/"))

    def exists(self, name: str) -> bool:
        return os.path.lexists(self.path(name))

    def size(self, name: str) -> int:
        return os.path.getsize(self.path(name))

    def open(self, name: str, mode: str = "rb") -> IO[Any]:
        return open(self.path(name), mode)

    def delete(self, name: str) -> None:
        if not name:
            raise ValueError("The name must be given to delete().")
        Path(self.path(name)).unlink(missing_ok=True)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """`name`, or one like it that no file has and that fits."""
        folder, base = posixpath.split(name)
        stem, extension = os.path.splitext(base)
        candidate = name
        while self.exists(candidate) or (max_length is not None and len(candidate) > max_length):
            if max_length is not None:
                room = max_length - len(posixpath.join(folder, extension)) - 8
                if room < 1:
                    raise SuspiciousFileOperation(f"No name like {name!r} fits {max_length} characters.")
                stem = stem[:room]
            candidate = posixpath.join(folder, f"{stem}_{secrets.token_hex(4)[:7]}{extension}")
        return candidate

    def save(self, name: str, content: Any, max_length: int | None = None) -> str:
        """Write `content` (bytes, text, or a file to read) and return the name that it got."""
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise SuspiciousFileOperation(f"The file name {name!r} leads out of the storage.")
        name = self.get_available_name(name, max_length)
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.read() if hasattr(content, "read") else content
        # Exclusive creation: two writers of one name must not overwrite each other.
        with open(target, "xb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return name
