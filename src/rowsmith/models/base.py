"""Model: what every instance can do by itself, before any database is asked."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self
from weakref import ReferenceType

import rowsmith
from rowsmith import bridge
from rowsmith.execution.fetch_modes import FETCH_ONE, FetchMode
from rowsmith.fields.composite import is_whole
from rowsmith.fields.defaults import DEFERRED, DatabaseDefault
from rowsmith.metadata.deferred import defer
from rowsmith.metadata.registry import apps
from rowsmith.models import construction
from rowsmith.models.definition import ModelBase
from rowsmith.models.descriptors import NO_PENDING
from rowsmith.models.persistence import Persistence
from rowsmith.models.state import ModelState
from rowsmith.models.validation import Validation

if TYPE_CHECKING:
    from typing import overload

    from rowsmith.exceptions import MultipleObjectsReturned, ObjectDoesNotExist, ObjectNotUpdated
    from rowsmith.expressions.attributes import Attribute
    from rowsmith.metadata.options import Options
    from rowsmith.queryset.manager import BaseManager

    class AutomaticKey:
        """The key of models that name none of their own; a model's own `id` may be of any other type."""

        @overload
        def __get__(self, instance: None, owner: Any) -> Attribute[Any, Any]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> int | Any: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: Any) -> None: ...

VERSION_KEY = "_rowsmith_version"


class Model(Persistence, Validation, metaclass=ModelBase):
    """One row of a table; each column is a plain attribute."""

    if TYPE_CHECKING:
        _meta: ClassVar[Options]
        DoesNotExist: ClassVar[type[ObjectDoesNotExist]]
        MultipleObjectsReturned: ClassVar[type[MultipleObjectsReturned]]
        NotUpdated: ClassVar[type[ObjectNotUpdated]]
        objects = BaseManager[Any]()
        id = AutomaticKey()
        pk: Any

    # Flat state. Only instances that differ from these defaults carry the attribute.
    _adding: bool = False
    _database: str | None = None
    # Cache names of relations that were assigned while the related instance had no key: `save()` looks again.
    _pending: frozenset[str] = NO_PENDING
    # Results of prefetch_related by accessor name; made on demand.
    _prefetched: dict[str, Any] | None = None
    _fetch_mode: FetchMode = FETCH_ONE
    # Weak references to the instances that were loaded together with this one, where the fetch mode asks for them.
    _peers: Sequence[ReferenceType[Any]] = ()

    if not TYPE_CHECKING:
        __init__ = construction.initialize

        @property
        def pk(self) -> Any:
            """The primary key, whatever its field is called."""
            return getattr(self, self._meta.pk.attname)

        @pk.setter
        def pk(self, value: Any) -> None:
            meta = self._meta
            for _, link in meta.links:
                if link is not meta.pk:
                    setattr(self, link.target_field.key_attname, value)
            setattr(self, meta.pk.attname, value)

    else:

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    if sys.version_info >= (3, 12) and not TYPE_CHECKING:
        # Free there; before 3.12 it would double the cost of reading any attribute, so that only instances known to
        # lack columns have it.

        def __getattr__(self, name: str) -> Any:
            """A column's value that was deleted is loaded again when it is next asked for."""
            if name not in self._meta.columns:
                # A property or relation may have raised AttributeError; asking again shows its own error.
                return object.__getattribute__(self, name)
            defer(self, self.__class__)
            return getattr(self, name)

    async def aload(self, name: str) -> Any:
        """The relation or deferred column `name`, fetched when it is not loaded yet."""
        return await bridge.run(getattr, self, name)

    @property
    def _state(self) -> ModelState:
        return ModelState(self)

    def _is_pk_set(self, meta: Any = None) -> bool:
        """Whether the key has a value of the instance's own."""
        value = self.pk
        if type(value) is tuple:
            return is_whole(value)
        return value is not None and not isinstance(value, DatabaseDefault)

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, *, fetch_mode: Any = None) -> Self:
        """Make an instance of a row; the hook for whoever wants to see rows as they are loaded.

        field_names:  attnames of the columns that were loaded.
        values:       their values, in that order; or one for each column, DEFERRED for those left out.
        fetch_mode:   how the instance loads what it lacks; None for FETCH_ONE.
        """
        names = list(field_names)
        columns = [field.attname for field in cls._meta.concrete_fields]
        given = list(values)
        if len(given) != len(names) or len(names) != len(columns):
            by_name = (
                dict(zip(names, given, strict=True))
                if len(given) == len(names)
                else dict(zip(columns, given, strict=False))
            )
            given = [by_name.get(name, DEFERRED) for name in columns]
        elif names != columns:
            by_name = dict(zip(names, given, strict=True))
            given = [by_name[name] for name in columns]
        instance = cls(*given)
        missing = [name for name, value in zip(columns, given, strict=True) if value is DEFERRED]
        for name in missing:
            object.__delattr__(instance, name)
        if missing:
            defer(instance, cls)
        instance._adding = False
        instance._database = db
        if fetch_mode is not None:
            instance._fetch_mode = fetch_mode
        return instance

    def get_deferred_fields(self) -> set[str]:
        """The attnames of the columns that were not loaded."""
        held = self.__dict__
        return {name for name in self._meta.columns if name not in held}

    # Identity -------------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Model):
            return NotImplemented
        if self._meta.concrete_model is not other._meta.concrete_model:
            return False
        key = self.pk
        return key is not None and bool(key == other.pk) and (type(key) is not tuple or None not in key)

    def __hash__(self) -> int:
        key = self.pk
        if key is None or (type(key) is tuple and None in key):
            raise TypeError(f"A {self.__class__.__name__} without a primary key cannot be hashed; save it first.")
        return hash(key)

    def __str__(self) -> str:
        return f"{self.__class__.__name__} object ({self.pk})"

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__}: {self}>"

    # Copies and pickles ---------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.pop("_peers", None)
        prefetched = state.get("_prefetched")
        if prefetched is not None:
            state["_prefetched"] = dict(prefetched)
        return state

    def __copy__(self) -> Self:
        twin: Self = object.__new__(type(self))
        twin.__dict__.update(self.__getstate__())
        return twin

    def __reduce__(self) -> Any:
        cls = self.__class__
        state = self.__getstate__()
        state[VERSION_KEY] = rowsmith.__version__
        return _unpickled, (_reference(cls),), state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        version = state.pop(VERSION_KEY, None)
        if version is None:
            warnings.warn("Pickled model instance's rowsmith version is not specified.", RuntimeWarning, stacklevel=2)
        elif version != rowsmith.__version__:
            warnings.warn(
                f"Pickled model instance's rowsmith version {version} does not match the current version "
                f"{rowsmith.__version__}.",
                RuntimeWarning,
                stacklevel=2,
            )
        self.__dict__.update(state)
        if any(name not in state for name in self._meta.columns):
            defer(self, self.__class__)

    # What definition adds methods for -------------------------------------------------------------------------------

    def _get_FIELD_display(self, field: Any) -> Any:
        """The label of the field's present value; the value itself when it is none of the choices."""
        value = getattr(self, field.attname)
        for key, label in field.flatchoices:
            if (key == value and type(key) is not bool) or key is value:
                return label
        return value


def _reference(cls: Any) -> Any:
    """What finds `cls` again in another process: the class where it can be imported, else its module and label."""
    found: Any = importlib.import_module(cls.__module__) if cls.__module__ else None
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is cls or cls._meta.apps is not apps:
        return cls
    return cls.__module__, cls._meta.label


def _unpickled(reference: Any) -> Any:
    if isinstance(reference, tuple):
        module, label = reference
        importlib.import_module(module)
        reference = apps.get_model(label)
    return reference.__new__(reference)
