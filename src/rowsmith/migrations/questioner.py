"""Questions that only the author of a change can answer, and the answers that nobody has to be asked for."""

from __future__ import annotations

from typing import Any

from rowsmith.migrations import places


class MigrationQuestioner:
    """Answers as `defaults` say, and else that nothing was renamed and no value is known.

    specified_apps:  the apps that were named, which get their first migrations.
    """

    def __init__(
        self,
        defaults: dict[str, Any] | None = None,
        specified_apps: frozenset[str] | set[str] = frozenset(),
        dry_run: bool = False,
    ) -> None:
        self.defaults = defaults or {}
        self.specified_apps = frozenset(specified_apps)
        self.dry_run = dry_run

    def ask_initial(self, app_label: str) -> bool:
        """Is an app without migrations to get some? When it was named, or has a package for them."""
        if app_label in self.specified_apps:
            return True
        module = places.migrations_module(app_label)
        if module is None:
            return False
        names = places.modules_in(module)
        return bool(self.defaults.get("ask_initial", names is not None))

    def ask_not_null_addition(self, field_name: str, model_name: str) -> Any:
        """What existing rows get in a new column that may not be NULL; None where nobody knows."""
        return None

    def ask_not_null_alteration(self, field_name: str, model_name: str) -> Any:
        """What takes the place of NULL in a column that may be NULL no longer; NOT_PROVIDED to leave it to others."""
        return None

    def ask_rename(self, model_name: str, old_name: str, new_name: str, field_instance: Any) -> bool:
        """Was this field renamed?"""
        return bool(self.defaults.get("ask_rename", False))

    def ask_rename_model(self, old_model_state: Any, new_model_state: Any) -> bool:
        """Was this model renamed?"""
        return bool(self.defaults.get("ask_rename_model", False))

    def ask_merge(self, app_label: str) -> bool:
        """Are these migrations to be merged?"""
        return bool(self.defaults.get("ask_merge", False))

    def ask_auto_now_add_addition(self, field_name: str, model_name: str) -> Any:
        """What existing rows get in a new column that tells when they were made."""
        return None
