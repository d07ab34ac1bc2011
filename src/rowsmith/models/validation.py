"""Validation: checking an instance by its fields, its own `clean()`, and the uniqueness and rules of its table."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.exceptions import NON_FIELD_ERRORS, ValidationError
from rowsmith.expressions import F
from rowsmith.fields.base import is_expression
from rowsmith.fields.defaults import DatabaseDefault
from rowsmith.models import constraint_checks
from rowsmith.timezone import get_current_timezone, is_aware, use_tz

UniqueCheck = tuple[Any, tuple[str, ...]]
DateCheck = tuple[Any, str, str, str]


class Validation:
    """The `full_clean()` family of methods; nothing here is called by `save()`."""

    if TYPE_CHECKING:
        _meta: ClassVar[Any]
        pk: Any

    def full_clean(
        self,
        exclude: Iterable[str] | None = None,
        validate_unique: bool = True,
        validate_constraints: bool = True,
    ) -> None:
        """Run `clean_fields`, `clean`, `validate_unique` and `validate_constraints`, and raise what they found at once.

        A field that failed is left out of the steps after it.
        raises:  ValidationError with one list of errors per field.
        """
        errors: dict[str, list[ValidationError]] = {}
        excluded = set(exclude or ())
        try:
            self.clean_fields(exclude=excluded)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        try:
            self.clean()
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        for check, wanted in (
            (self.validate_unique, validate_unique),
            (self.validate_constraints, validate_constraints),
        ):
            if wanted:
                excluded.update(name for name in errors if name != NON_FIELD_ERRORS)
                try:
                    check(exclude=excluded)
                except ValidationError as error:
                    errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Convert and validate every field, and store the converted value."""
        excluded = exclude or ()
        errors: dict[str, Any] = {}
        for field in self._meta.fields:
            if field.name in excluded or field.generated:
                continue
            if field.column is None and not hasattr(field, "db_constraint"):
                # Its columns are fields of their own.
                continue
            value = getattr(self, field.attname)
            if field.blank and value in field.empty_values:
                continue
            if isinstance(value, DatabaseDefault) or is_expression(value):
                continue
            try:
                setattr(self, field.attname, field.clean(value, self))
            except ValidationError as error:
                errors[field.name] = error.error_list
        if errors:
            raise ValidationError(errors)

    def clean(self) -> None:
        """For models to override: check, and amend, several fields together."""

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Check `unique`, `unique_for_date` and its siblings, and `unique_together`."""
        errors = self._perform_unique_checks(self._unique_checks(exclude or ()))
        for key, found in self._perform_date_checks(self._date_checks(exclude or ())).items():
            errors.setdefault(key, []).extend(found)
        if errors:
            raise ValidationError(errors)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Check `Meta.constraints`."""
        errors: dict[str, list[ValidationError]] = {}
        using = self._state.db or DEFAULT_DB_ALIAS  # type: ignore[attr-defined]
        for owner in (self._meta.model, *self._meta.all_parents):
            for constraint in owner._meta.constraints:
                try:
                    constraint.validate(owner, self, exclude=exclude, using=using)
                except ValidationError as error:
                    fields: Any = getattr(constraint, "fields", ())
                    if getattr(error, "code", None) == "unique" and len(fields) == 1:
                        errors.setdefault(fields[0], []).extend(error.error_list)
                    else:
                        errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    # Uniqueness -----------------------------------------------------------------------------------------------------

    def _unique_checks(self, exclude: Collection[str]) -> list[UniqueCheck]:
        """The sets of fields that must be unique together and of which none is excluded."""
        checks: list[UniqueCheck] = []
        for owner in (self._meta.model, *self._meta.all_parents):
            for names in owner._meta.unique_together:
                if not any(name in exclude for name in names):
                    checks.append((owner, tuple(names)))
            for field in owner._meta.local_fields:
                parts = tuple(member.name for member in field.members)
                if field.unique and not any(name in exclude for name in (field.name, *parts)):
                    checks.append((field.model, (field.name,) if field.is_relation else parts))
        # A proxy has the fields of its concrete model.
        return list(dict.fromkeys(checks))

    def _date_checks(self, exclude: Collection[str]) -> list[DateCheck]:
        checks: list[DateCheck] = []
        for field in self._meta.fields:
            for part in ("date", "year", "month"):
                other = getattr(field, f"unique_for_{part}")
                if other and field.name not in exclude and other not in exclude:
                    checks.append((field.model, part, field.name, other))
        return checks

    def _perform_unique_checks(self, checks: list[UniqueCheck]) -> dict[str, list[ValidationError]]:
        errors: dict[str, list[ValidationError]] = {}
        for model, names in checks:
            values: dict[str, Any] = {}
            for name in names:
                field = self._meta.get_field(name)
                if field.generated:
                    computed = constraint_checks.over_row(model, F(name), self)
                    if computed is None:
                        break
                    values[name] = computed
                    continue
                value = getattr(self, field.attname)
                if value is None or isinstance(value, DatabaseDefault) or is_expression(value):
                    break
                if field.primary_key and not self._state.adding:  # type: ignore[attr-defined]
                    break
                values[field.attname if field.is_relation else name] = value
            else:
                if self._others(model, values).exists():
                    key = names[0] if len(names) == 1 else NON_FIELD_ERRORS
                    errors.setdefault(key, []).append(self.unique_error_message(model, names))
        return errors

    def _perform_date_checks(self, checks: list[DateCheck]) -> dict[str, list[ValidationError]]:
        errors: dict[str, list[ValidationError]] = {}
        for model, part, name, date_name in checks:
            value = getattr(self, date_name)
            if value is None:
                continue
            if isinstance(value, datetime.datetime) and use_tz() and is_aware(value):
                value = value.astimezone(get_current_timezone())
            field = self._meta.get_field(name)
            conditions = {field.attname: getattr(self, field.attname)}
            if part == "date":
                conditions |= {
                    f"{date_name}__day": value.day,
                    f"{date_name}__month": value.month,
                    f"{date_name}__year": value.year,
                }
            else:
                conditions[f"{date_name}__{part}"] = getattr(value, part)
            if self._others(model, conditions).exists():
                errors.setdefault(name, []).append(self.date_error_message(part, name, date_name))
        return errors

    def _others(self, model: Any, conditions: dict[str, Any]) -> Any:
        """The rows of `model` beside this one that meet the conditions."""
        alias = self._state.db  # type: ignore[attr-defined]
        manager = model._default_manager
        rows = (manager.using(alias) if alias else manager.all()).filter(**conditions)
        key = getattr(self, model._meta.pk.attname)
        if not self._state.adding and key is not None:  # type: ignore[attr-defined]
            rows = rows.exclude(pk=key)
        return rows

    def unique_error_message(self, model_class: Any, unique_check: tuple[str, ...]) -> ValidationError:
        """The error for one or several fields whose values another row has."""
        meta = self._meta
        params: dict[str, Any] = {
            "model": self,
            "model_class": model_class,
            "model_name": capitalised(meta.verbose_name),
            "unique_check": unique_check,
        }
        if len(unique_check) == 1:
            field = meta.get_field(unique_check[0])
            params["field_label"] = capitalised(field.verbose_name)
            return ValidationError(field.error_messages["unique"], code="unique", params=params)
        labels = [capitalised(meta.get_field(name).verbose_name) for name in unique_check]
        params["field_labels"] = " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
        return ValidationError(
            "There is already a %(model_name)s with this %(field_labels)s.",
            code="unique_together",
            params=params,
        )

    def date_error_message(self, lookup_type: str, field_name: str, unique_for: str) -> ValidationError:
        """The error for a value that another row has in the same day, month or year."""
        field, date_field = self._meta.get_field(field_name), self._meta.get_field(unique_for)
        return ValidationError(
            field.error_messages["unique_for_date"],
            code="unique_for_date",
            params={
                "model": self,
                "model_name": capitalised(self._meta.verbose_name),
                "lookup_type": lookup_type,
                "field": field_name,
                "field_label": capitalised(field.verbose_name),
                "date_field": unique_for,
                "date_field_label": capitalised(date_field.verbose_name),
            },
        )


def capitalised(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
