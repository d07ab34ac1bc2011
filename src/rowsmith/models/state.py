"""The state of an instance, as a view over flat attributes that most instances never set."""

from __future__ import annotations

from typing import Any

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.execution.fetch_modes import FetchMode


class ModelState:
    """`instance._state`: whether the row is still to be inserted, and which database it came from."""

    __slots__ = ("_instance",)

    def __init__(self, instance: Any) -> None:
        self._instance = instance

    @property
    def adding(self) -> bool:
        """True until the instance was saved or loaded."""
        return bool(self._instance._adding)

    @adding.setter
    def adding(self, value: bool) -> None:
        self._instance._adding = value

    @property
    def db(self) -> str | None:
        """The alias of the instance's database; None for a new one."""
        alias = self._instance._database
        if alias is not None:
            return str(alias)
        return None if self._instance._adding else DEFAULT_DB_ALIAS

    @db.setter
    def db(self, alias: str | None) -> None:
        self._instance._database = alias

    @property
    def fetch_mode(self) -> FetchMode:
        """For how many instances something is loaded that was asked for and is not there."""
        mode: FetchMode = self._instance._fetch_mode
        return mode

    @fetch_mode.setter
    def fetch_mode(self, mode: FetchMode) -> None:
        self._instance._fetch_mode = mode

    def __repr__(self) -> str:
        return f"<ModelState: adding={self.adding}, db={self.db!r}>"
