"""Records: frozen values that are made, compared and hashed by what they hold.

    class Join(Record):
        table: str
        condition: Predicate = ALWAYS
        outer: bool = field(default=False, kw_only=True)

They are what frozen dataclasses with slots are. But a constructor is written when its class is first called, not when
it is defined, and it stores through the slots: a tree of a hundred kinds of nodes costs its importer next to nothing,
and nodes are made in two thirds of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, dataclass_transform

from rowsmith.generated import define

_REQUIRED: Any = object()


class Field:
    """What the class statement says of one field, apart from its type."""

    __slots__ = ("default", "kw_only", "repr")

    def __init__(self, default: Any, kw_only: bool = False, repr: bool = True) -> None:
        self.default = default
        self.kw_only = kw_only
        self.repr = repr


def field(*, default: Any = _REQUIRED, kw_only: bool = False, repr: bool = True) -> Any:
    """A field with more to say than its default: given by keyword only, or left out of the repr.

    default:  shared by all records that are made without a value, so it must be immutable.
    """
    return Field(default, kw_only, repr)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class RecordType(type):
    """Turns the annotations of a class statement into the fields of a record."""

    _fields: dict[str, Field]
    _held: attrgetter[Any]  # reads all that a record holds at once, to compare it
    _copy: Callable[..., Any]  # a copy with some values changed

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> RecordType:
        inherited = {
            name: field
            for base in reversed(bases)
            if isinstance(base, RecordType)
            for name, field in base._fields.items()
        }
        declared: dict[str, Field] = {}
        for attribute, annotation in namespace.get("__annotations__", {}).items():
            if not str(annotation).startswith("ClassVar"):
                default = namespace.pop(attribute, _REQUIRED)
                declared[attribute] = default if isinstance(default, Field) else Field(default)
        fields = inherited | declared
        worked_out = namespace.get("_worked_out", ())
        namespace["__slots__"] = (*(attribute for attribute in declared if attribute not in inherited), *worked_out)
        namespace["__match_args__"] = tuple(attribute for attribute in fields if not fields[attribute].kw_only)
        cls = super().__new__(mcs, name, bases, namespace)
        cls._fields = fields
        cls._held = attrgetter(*fields or ("__class__",))
        cls._copy = _first_copy(cls)
        type.__setattr__(cls, "__init__", _first_call(cls))
        return cls


def _first_call(cls: RecordType) -> Callable[..., None]:
    """Stands in for the constructor of `cls` until it is needed."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        constructor = _constructor(cls)
        type.__setattr__(cls, "__init__", constructor)
        constructor(self, *values, **named)

    return __init__


def _first_copy(cls: RecordType) -> Callable[..., Any]:
    """Stands in for what copies records of `cls` until it is needed."""

    def copy(record: Any, changes: dict[str, Any]) -> Any:
        cls._copy = _copier(cls)
        return cls._copy(record, changes)

    return copy


def _copier(cls: RecordType) -> Callable[..., Any]:
    """What makes a copy of a record, reading through the slots what is not changed."""
    names: dict[str, Any] = {"_new": object.__new__, "_cls": cls, "_missing": _REQUIRED}
    lines = ["    copy = _new(_cls)", "    take = changes.pop"]
    for name in cls._fields:
        slot = getattr(cls, name)
        names[f"_get_{name}"], names[f"_set_{name}"] = slot.__get__, slot.__set__
        lines += [
            f"    value = take({name!r}, _missing)",
            f"    _set_{name}(copy, _get_{name}(record) if value is _missing else value)",
        ]
    text = "\n".join(["def copy(record, changes):", *lines, "    return copy\n"])
    copier: Callable[..., Any] = define("copy", text, names, f"copies of {cls.__qualname__}")
    return copier


def _constructor(cls: RecordType) -> Callable[..., None]:
    """`__init__` with one parameter and one line for each field, as a person would write it."""
    names: dict[str, Any] = {}
    positional, by_keyword, lines = ["self"], list[str](), list[str]()
    for name, field in cls._fields.items():
        # The class has no __setattr__ that stores, but its slots have.
        names[f"_set_{name}"] = getattr(cls, name).__set__
        names[f"_default_{name}"] = field.default
        parameter = name if field.default is _REQUIRED else f"{name}=_default_{name}"
        (by_keyword if field.kw_only else positional).append(parameter)
        lines.append(f"    _set_{name}(self, {name})")
    parameters = [*positional, *(["*", *by_keyword] if by_keyword else [])]
    text = "\n".join([f"def __init__({', '.join(parameters)}):", *lines, "    return None\n"])
    constructor: Callable[..., None] = define("__init__", text, names, f"constructor of {cls.__qualname__}")
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    constructor.__module__ = cls.__module__
    return constructor


class Record(metaclass=RecordType):
    """A frozen value; equal to another of its own class that holds equal values.

    _worked_out:  names of slots for what is worked out from the fields and kept; it is neither compared nor copied.
    """

    _worked_out: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:
        _held: ClassVar[attrgetter[Any]]
        _copy: ClassVar[Callable[..., Any]]

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__}.{name} cannot be set: a record never changes. "
            f"Write replace(record, {name}=...) for a copy with another value."
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: a record never changes.")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        held = self._held
        return bool(held(self) == held(other))

    def __hash__(self) -> int:
        return hash((type(self), self._held(self)))

    def __repr__(self) -> str:
        shown = [name for name, field in type(self)._fields.items() if field.repr]
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __reduce__(self) -> Any:
        return _restored, (type(self), as_dict(self))


R = TypeVar("R", bound=Record)


def _restored(cls: type[R], values: dict[str, Any]) -> R:
    return cls(**values)


def as_dict(record: Record) -> dict[str, Any]:
    """What a record holds, by name; records inside stay records."""
    return {name: getattr(record, name) for name in type(record)._fields}


def replace(record: R, **changes: Any) -> R:
    """A copy of `record` with some values changed; TypeError for a name that it does not have."""
    copy: R = type(record)._copy(record, changes)
    if changes:
        # Only a wrong name is left; the constructor refuses it in its own words.
        type(record)(**{**as_dict(record), **changes})
    return copy
