"""Field: what every column has in common, from its options to the hooks that convert and validate its values."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partialmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from rowsmith.exceptions import ValidationError, did_you_mean
from rowsmith.expressions.attributes import Attribute
from rowsmith.expressions.combinable import Shaped
from rowsmith.expressions.registration import RegisterLookup
from rowsmith.fields import choices as choice_forms
from rowsmith.fields.defaults import NOT_PROVIDED, DatabaseDefault
from rowsmith.fields.internal_types import SQL_TYPES
from rowsmith.lookups.registry import LOOKUPS, transforms_of
from rowsmith.sql import types

if TYPE_CHECKING:
    from typing import Self

S = TypeVar("S", contravariant=True)
G = TypeVar("G", covariant=True)

EMPTY_VALUES: tuple[Any, ...] = (None, "", [], (), {})

_explicit = itertools.count(1)
_automatic = itertools.count(-1, -1)

_OPTION_DEFAULTS: Mapping[str, Any] = {
    "verbose_name": None,
    "primary_key": False,
    "max_length": None,
    "unique": False,
    "blank": False,
    "null": False,
    "db_index": False,
    "default": NOT_PROVIDED,
    "db_default": NOT_PROVIDED,
    "editable": True,
    "serialize": True,
    "unique_for_date": None,
    "unique_for_month": None,
    "unique_for_year": None,
    "choices": None,
    "help_text": "",
    "db_column": None,
    "db_comment": None,
    "db_tablespace": None,
    "auto_created": False,
    "validators": [],
    "error_messages": None,
}


class InvalidValue(ValidationError, ValueError):
    """A value that a field cannot take: a ValueError for whoever wrote a query, a ValidationError for validation."""


def is_expression(value: object) -> bool:
    """Whether `value` is computed by the database, so that it is neither converted nor validated here."""
    return isinstance(value, Shaped) or hasattr(value, "resolve_expression")


class Field(RegisterLookup, Generic[S, G]):
    """One attribute of a model, and usually one column of its table.

    At run time instances hold plain values under `attname`; the descriptor methods below exist for type checkers only.
    """

    # Plain values that `get_prep_value` returns as they are; the writer skips the call for exactly these types.
    prep_types: ClassVar[frozenset[type]] = frozenset()
    # The same where the type alone does not tell: a type, and a condition on the value `{v}` that makes sure.
    prep_condition: ClassVar[tuple[type, str] | None] = None
    # Whether `pre_save` may write something else than the instance holds.
    sets_itself: bool = True
    # Whether `pre_save` sets other fields of the instance too, so that it has to come before their values are read.
    fills_others: bool = False
    # The closed range of whole numbers that the column holds on every database, when it holds whole numbers.
    integer_range: ClassVar[tuple[int, int] | None] = None

    empty_strings_allowed: ClassVar[bool] = True
    empty_values: ClassVar[Sequence[Any]] = EMPTY_VALUES
    class_lookups: Mapping[str, Any] = LOOKUPS
    default_validators: ClassVar[Sequence[Callable[[Any], Any]]] = ()
    default_error_messages: ClassVar[dict[str, str]] = {
        "null": "This field must not be null.",
        "blank": "This field is required.",
        "invalid": "%(value)r is not a valid value.",
        "invalid_choice": "%(value)r is not one of the choices.",
        "unique": "There is already a %(model_name)s with this %(field_label)s.",
        "unique_for_date": "%(field_label)s must be unique for each %(lookup_type)s of %(date_field_label)s.",
    }
    non_db_attrs: ClassVar[tuple[str, ...]] = (
        "blank", "choices", "db_column", "editable", "error_messages", "help_text", "limit_choices_to", "on_delete",
        "related_name", "related_query_name", "validators", "verbose_name",
    )  # fmt: skip
    descriptor_class: ClassVar[type | None] = None
    description: str = "Field of type %(field_type)s"
    system_check_deprecated_details: ClassVar[dict[str, Any] | None] = None
    system_check_removed_details: ClassVar[dict[str, Any] | None] = None

    hidden: bool = False
    # Whether it stands for a key that a migration has taken away, so that there is no column.
    absent: bool = False
    is_relation: bool = False
    # Whether it is a relation whose columns, one or several, are in the model's own table.
    forward: bool = False
    many_to_many: bool | None = None
    many_to_one: bool | None = None
    one_to_many: bool | None = None
    one_to_one: bool | None = None
    multiple: bool = False
    related_model: Any = None
    remote_field: Any = None
    generated: bool = False

    # Set by contribute_to_class.
    name: Any
    attname: str
    column: Any
    model: Any
    concrete: bool

    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        primary_key: bool = False,
        max_length: int | None = None,
        unique: bool = False,
        blank: bool = False,
        null: bool = False,
        db_index: bool = False,
        rel: Any = None,
        default: Any = NOT_PROVIDED,
        editable: bool = True,
        serialize: bool = True,
        unique_for_date: str | None = None,
        unique_for_month: str | None = None,
        unique_for_year: str | None = None,
        choices: Any = None,
        help_text: str = "",
        db_column: str | None = None,
        db_tablespace: str | None = None,
        auto_created: bool = False,
        validators: Iterable[Callable[[Any], Any]] = (),
        error_messages: Mapping[str, str] | None = None,
        db_comment: str | None = None,
        db_default: Any = NOT_PROVIDED,
        **unknown: Any,
    ) -> None:
        if unknown:
            wrong = next(iter(unknown))
            known = [*_OPTION_DEFAULTS, *self._own_options()]
            raise TypeError(f"{type(self).__name__} has no option {wrong!r}.{did_you_mean(wrong, known)}")
        self.name = name
        self.verbose_name = verbose_name
        self._verbose_name = verbose_name
        self.primary_key = primary_key
        self.max_length = max_length
        self._unique = unique
        self.blank = blank
        self.null = null
        self.remote_field = rel
        self.is_relation = rel is not None
        self.default = default
        self.db_default = db_default
        self.editable = editable
        self.serialize = serialize
        self.unique_for_date = unique_for_date
        self.unique_for_month = unique_for_month
        self.unique_for_year = unique_for_year
        self.choices = choices
        self.help_text = help_text
        self.db_index = db_index
        self.db_column = db_column
        self.db_comment = db_comment
        self._db_tablespace = db_tablespace
        self.auto_created = auto_created
        self._validators = list(validators)
        self._error_messages = error_messages
        self.creation_counter = next(_automatic) if auto_created else next(_explicit)

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Attribute[S, G]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> G: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: S) -> None: ...

    # Identity -------------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Field):
            return NotImplemented
        return self.creation_counter == other.creation_counter and self.__dict__.get("model") is other.__dict__.get(
            "model"
        )

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Field):
            return NotImplemented
        return self.creation_counter < other.creation_counter

    def __hash__(self) -> int:
        return hash(self.creation_counter)

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        for name in _DERIVED:
            twin.__dict__.pop(name, None)
        return twin

    def __deepcopy__(self, memo: Any) -> Self:
        twin = copy.copy(self)
        if self.remote_field is not None:
            twin.remote_field = self.remote_field.copy_for(twin)
        memo[id(self)] = twin
        return twin

    def __reduce__(self) -> Any:
        if "model" not in self.__dict__:
            state = {key: value for key, value in self.__dict__.items() if key not in _DERIVED}
            return _empty, (type(self),), state
        return _load, (self.model, self.name)

    def __str__(self) -> str:
        model = self.__dict__.get("model")
        return f"{model._meta.label}.{self.name}" if model is not None else object.__repr__(self)

    def __repr__(self) -> str:
        path = self._path()
        return f"<{path}: {self.name}>" if self.name is not None else f"<{path}>"

    # Options --------------------------------------------------------------------------------------------------------

    @classmethod
    def _own_options(cls) -> list[str]:
        """The names of the options that this class adds to the common ones."""
        names: list[str] = []
        for base in cls.__mro__:
            init = base.__dict__.get("__init__")
            if init is not None and hasattr(init, "__code__"):
                code = init.__code__
                names.extend(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])
        return names

    @property
    def choices(self) -> Any:
        """The choices as (value, label) pairs, or None."""
        return self._choices

    @choices.setter
    def choices(self, value: Any) -> None:
        self._choices_source = value
        if value is None:
            self._choices: Any = None
        elif callable(value) and not isinstance(value, type):
            self._choices = choice_forms.LazyChoices(value)
        else:
            self._choices = choice_forms.normalize(value)

    @property
    def flatchoices(self) -> list[choice_forms.Pair]:
        """The choices with their groups dissolved."""
        return list(choice_forms.flatten(self._choices)) if self._choices is not None else []

    def get_choices(
        self,
        include_blank: bool = True,
        blank_choice: Sequence[choice_forms.Pair] = choice_forms.BLANK_CHOICE,
    ) -> list[choice_forms.Pair]:
        """The choices for a list to pick from, a blank one first unless there already is one."""
        pairs = list(self._choices or ())
        if include_blank and not any(value in ("", None) for value, _ in choice_forms.flatten(pairs)):
            pairs = [*blank_choice, *pairs]
        return pairs

    @property
    def unique(self) -> bool:
        return self._unique or self.primary_key

    @property
    def db_tablespace(self) -> str | None:
        return self._db_tablespace

    @property
    def db_returning(self) -> bool:
        """Whether the database makes up a value for this column that a new instance does not know."""
        return self.has_db_default()

    def has_default(self) -> bool:
        return self.default is not NOT_PROVIDED

    def has_db_default(self) -> bool:
        return self.db_default is not NOT_PROVIDED

    def get_default(self) -> Any:
        """The value that a new instance gets when the caller gives none."""
        if self.default is not NOT_PROVIDED:
            return self.default() if callable(self.default) else self.default
        return self.fallback_default

    @cached_property
    def fallback_default(self) -> Any:
        """What stands in for a default that was not given: the database's, the empty string or None."""
        if self.db_default is not NOT_PROVIDED:
            return DatabaseDefault(self.db_default, self)
        if not self.empty_strings_allowed or self.null:
            return None
        return ""

    @cached_property
    def error_messages(self) -> dict[str, str]:
        messages: dict[str, str] = {}
        for base in reversed(type(self).__mro__):
            messages.update(base.__dict__.get("default_error_messages", {}))
        messages.update(self._error_messages or {})
        return messages

    @cached_property
    def validators(self) -> list[Callable[[Any], Any]]:
        return [*self.default_validators, *self._validators]

    # Definition -----------------------------------------------------------------------------------------------------

    @cached_property
    def attribute(self) -> Attribute[S, G]:
        """What the model class shows of this field."""
        return Attribute(self.attname, self)

    def set_attributes_from_name(self, name: str) -> None:
        self.name = self.name or name
        self.attname, self.column = self.get_attname_column()
        self.concrete = self.column is not None
        if self.verbose_name is None and self.name:
            self.verbose_name = self.name.replace("_", " ")

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        """Attach this field to the model `cls` under `name`."""
        self.set_attributes_from_name(name)
        self.model = cls
        cls._meta.add_field(self, private=private_only)
        cls._install_field(self)
        if self._choices is not None and f"get_{self.name}_display" not in cls.__dict__:
            setattr(cls, f"get_{self.name}_display", partialmethod(cls._get_FIELD_display, field=self))

    def get_attname(self) -> str:
        return str(self.name)

    def get_attname_column(self) -> tuple[str, str | None]:
        attname = self.get_attname()
        return attname, self.db_column or attname

    def clone(self) -> Self:
        """An unattached copy, made by taking the field apart and building it again."""
        _, _, args, kwargs = self.deconstruct()
        return type(self)(*args, **kwargs)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        """(name, import path, positional arguments, keyword arguments) that build an equal field; defaults left out."""
        attributes = {
            "unique": "_unique",
            "error_messages": "_error_messages",
            "validators": "_validators",
            "verbose_name": "_verbose_name",
            "db_tablespace": "_db_tablespace",
            "choices": "_choices_source",
        }
        keywords: dict[str, Any] = {}
        for option, default in _OPTION_DEFAULTS.items():
            value = getattr(self, attributes.get(option, option))
            if option == "choices" and value is not None and not (callable(value) and not isinstance(value, type)):
                value = self._choices
            if value is not default and not (isinstance(default, list) and value == default):
                keywords[option] = value
        return self.name, self._path(), [], keywords

    @classmethod
    def _path(cls) -> str:
        """Where a user imports this class from."""
        if cls.__module__.startswith("rowsmith.fields."):
            return f"rowsmith.models.{cls.__qualname__}"
        return f"{cls.__module__}.{cls.__qualname__}"

    # The column -----------------------------------------------------------------------------------------------------

    def get_internal_type(self) -> str:
        """The name of the built-in field whose column this field uses: the nearest one that it is derived from."""
        ours = (cls for cls in type(self).__mro__ if cls.__module__.startswith("rowsmith.fields."))
        bases = (cls for cls in ours if cls is not Field)
        return next(bases, type(self)).__name__

    @cached_property
    def sql_type(self) -> types.Type:
        """What the column holds, as the SQL tree says it."""
        known = SQL_TYPES.get(self.get_internal_type())
        return known(self) if known is not None else types.Unknown()

    @property
    def read_type(self) -> types.Type:
        """The type by which the column's values are read."""
        return self.sql_type

    def _built_in_lookups(self) -> Mapping[str, Any]:
        return transforms_of(self.sql_type)

    def db_type(self, connection: Any) -> str | None:
        """The column's type as DDL on `connection`; None for a field without a column."""
        if not self.get_attname_column()[1] or isinstance(self.sql_type, types.Unknown):
            return None
        return str(connection.dialect.column_type(self.sql_type))

    def rel_db_type(self, connection: Any) -> str | None:
        """The type of a column that refers to this one."""
        return self.db_type(connection)

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        return {"type": self.db_type(connection), "check": self.db_check(connection)}

    def db_check(self, connection: Any) -> str | None:
        """The condition of a CHECK that belongs to the column's type, if any."""
        return None

    @property
    def key_attname(self) -> str:
        """The attribute of an instance that tells its value to relations; None there while it has none."""
        return self.attname

    @property
    def members(self) -> tuple[Any, ...]:
        """The concrete fields that hold the value: several for keys of several columns."""
        return (self,)

    @property
    def target_field(self) -> Field[Any, Any]:
        """The field whose values this one holds: itself, unless it is a relation."""
        return self

    # Conversions ----------------------------------------------------------------------------------------------------

    def to_python(self, value: Any) -> Any:
        """Convert to the type that instances hold; ValidationError when that is impossible."""
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Convert to the plain Python value that a codec can encode; ValueError or TypeError when impossible."""
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if prepared else self.get_prep_value(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Like `get_db_prep_value`, for a value about to be written; expressions pass untouched."""
        if is_expression(value):
            return value
        return self.get_db_prep_value(value, connection=connection, prepared=False)

    def pre_save(self, instance: Any, add: bool) -> Any:
        """The value to write for `instance`; may set it on the instance, and may be called twice."""
        return getattr(instance, self.attname)

    def value_from_object(self, instance: Any) -> Any:
        return getattr(instance, self.attname)

    def value_to_string(self, instance: Any) -> str:
        return str(self.value_from_object(instance))

    def save_form_data(self, instance: Any, data: Any) -> None:
        setattr(instance, self.name, data)

    def prepared(self, value: Any) -> Any:
        """`to_python`, with an error that names this field and is a ValueError too."""
        try:
            return self.to_python(value)
        except ValidationError as error:
            reason = " ".join(error.messages)
            raise InvalidValue(f"Field '{self.name}': {reason}", code=getattr(error, "code", "invalid")) from None

    # Validation -----------------------------------------------------------------------------------------------------

    def run_validators(self, value: Any) -> None:
        if value in self.empty_values:
            return
        errors: list[Any] = []
        for validator in self.validators:
            try:
                validator(value)
            except ValidationError as error:
                if getattr(error, "code", None) in self.error_messages:
                    error.message = self.error_messages[str(error.code)]
                errors.extend(error.error_list)
        if errors:
            raise ValidationError(errors)

    def validate(self, value: Any, model_instance: Any) -> None:
        """Raise ValidationError when a converted value breaks the field's own options."""
        if not self.editable:
            return
        if self._choices is not None and value not in self.empty_values:
            if not any(value == key for key, _ in self.flatchoices):
                raise ValidationError(
                    self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value}
                )
            return
        if value is None and not self.null:
            raise ValidationError(self.error_messages["null"], code="null")
        if not self.blank and value in self.empty_values:
            raise ValidationError(self.error_messages["blank"], code="blank")

    def clean(self, value: Any, model_instance: Any) -> Any:
        """Convert, validate, and return the converted value."""
        value = self.to_python(value)
        self.validate(value, model_instance)
        self.run_validators(value)
        return value


# Computed from the field's place in a model, so a copy must work them out again.
_DERIVED = frozenset(
    {"model", "attname", "attribute", "column", "concrete", "sql_type", "fallback_default", "error_messages",
     "validators",
     "related_model", "steps", "target_field", "related_fields", "foreign_related_fields", "local_related_fields",
     "read", "local_key"}
)  # fmt: skip


def _empty(cls: type[Any]) -> Any:
    return object.__new__(cls)


def _load(model: Any, name: str) -> Any:
    return model._meta.get_field(name)
