"""Questions that makemigrations asks on the terminal, and what it does where nobody can be asked."""

from __future__ import annotations

import datetime
from typing import Any

import click

from rowsmith import timezone
from rowsmith.cli.output import Output
from rowsmith.migrations.questioner import MigrationQuestioner
from rowsmith.models import NOT_PROVIDED


class InteractiveQuestioner(MigrationQuestioner):
    """Asks on the terminal."""

    def __init__(self, out: Output, **options: Any) -> None:
        super().__init__(**options)
        self.out = out

    def _choice(self, question: str, choices: list[str]) -> int:
        self.out.write(question)
        for number, choice in enumerate(choices, 1):
            self.out.write(f" {number}) {choice}")
        return int(click.prompt("Select an option", type=click.IntRange(1, len(choices))))

    def _default(self, offered: str | None = None) -> Any:
        """A value, as Python that the author writes."""
        self.out.write("Please enter the default value as valid Python.")
        self.out.write("The modules datetime and rowsmith.timezone are available, as in timezone.now")
        while True:
            text = click.prompt(">>>", default=offered, prompt_suffix=" ")
            try:
                return eval(text, {}, {"datetime": datetime, "timezone": timezone})
            except Exception as error:
                self.out.write(f"{error.__class__.__name__}: {error}")

    def ask_not_null_addition(self, field_name: str, model_name: str) -> Any:
        if self.dry_run:
            return None
        chosen = self._choice(
            f"The new field {field_name!r} of {model_name} may not be NULL, and has no default: the rows that exist "
            "need a value.",
            ["Provide a one-off default now (for the rows that exist)", "Quit, and write a default into the model"],
        )
        if chosen == 2:
            raise SystemExit(3)
        return self._default()

    def ask_not_null_alteration(self, field_name: str, model_name: str) -> Any:
        if self.dry_run:
            return None
        chosen = self._choice(
            f"The field {field_name!r} of {model_name} may be NULL no longer, and has no default: the rows that exist "
            "may need a value.",
            [
                "Provide a one-off default now (for the rows where it is NULL)",
                "Ignore it for now; another migration or a function takes care of those rows",
                "Quit, and write a default into the model",
            ],
        )
        if chosen == 2:
            return NOT_PROVIDED
        if chosen == 3:
            raise SystemExit(3)
        return self._default()

    def ask_auto_now_add_addition(self, field_name: str, model_name: str) -> Any:
        if self.dry_run:
            return None
        chosen = self._choice(
            f"The new field {field_name!r} of {model_name} tells when a row was made: the rows that exist need a time.",
            ["Provide a one-off default now (for the rows that exist)", "Quit, and write a default into the model"],
        )
        if chosen == 2:
            raise SystemExit(3)
        return self._default("timezone.now")

    def ask_rename(self, model_name: str, old_name: str, new_name: str, field_instance: Any) -> bool:
        kind = type(field_instance).__name__
        return click.confirm(f"Was {model_name}.{old_name} renamed to {model_name}.{new_name} (a {kind})?")

    def ask_rename_model(self, old_model_state: Any, new_model_state: Any) -> bool:
        return click.confirm(
            f"Was the model {old_model_state.app_label}.{old_model_state.name} renamed to {new_model_state.name}?"
        )

    def ask_merge(self, app_label: str) -> bool:
        return click.confirm(
            "\nMerging only works where the operations above do not conflict: where they are about different fields "
            "or models.\nMerge these migrations?"
        )


class NonInteractiveQuestioner(MigrationQuestioner):
    """Ends where an answer would be needed."""

    def __init__(self, out: Output, **options: Any) -> None:
        super().__init__(**options)
        self.out = out

    def _end(self, field_name: str, model_name: str, why: str) -> Any:
        self.out.write(
            f"Field {field_name!r} on model {model_name!r} not migrated: {why}", to_errors=self.out.verbosity > 0
        )
        raise SystemExit(3)

    def ask_not_null_addition(self, field_name: str, model_name: str) -> Any:
        return self._end(field_name, model_name, "it is impossible to add a non-nullable field without a default.")

    def ask_auto_now_add_addition(self, field_name: str, model_name: str) -> Any:
        why = "it is impossible to add a field with 'auto_now_add=True' without specifying a default."
        return self._end(field_name, model_name, why)

    def ask_not_null_alteration(self, field_name: str, model_name: str) -> Any:
        self.out.tell(
            f"Field {field_name!r} on model {model_name!r} given a default of nothing: rows where it is NULL have to "
            "be taken care of by another migration."
        )
        return NOT_PROVIDED
