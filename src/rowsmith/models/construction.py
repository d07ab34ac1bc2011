"""Construction: the `__init__` that is generated for each model class, and what it leaves to do by hand."""

from __future__ import annotations

import keyword
import weakref
from collections.abc import Callable
from typing import Any

from rowsmith.deprecation import discourage
from rowsmith.exceptions import UnknownName, did_you_mean
from rowsmith.fields.defaults import NOT_PROVIDED
from rowsmith.generated import define
from rowsmith.signals import post_init, pre_init

CO_VARKEYWORDS = 0x08
"""`inspect.CO_VARKEYWORDS`; that module takes long to import."""
_generated: weakref.WeakSet[Any] = weakref.WeakSet()


class _Omitted:
    """The type of `OMITTED`, the default of a parameter that the caller left out."""

    def __repr__(self) -> str:
        return "<left out>"


OMITTED = _Omitted()


def install(cls: Any) -> None:
    """Give a model class its own constructor, with one parameter a column.

    Nothing is installed where a base defines `__init__` itself: its call of `super().__init__()` ends in
    `initialize`, which runs the generated function all the same.
    """
    is_new = "_initialize" not in cls.__dict__
    cls._initialize = generate(cls)
    defined = next(base for base in cls.__mro__ if "__init__" in base.__dict__)
    generated = getattr(defined.__dict__["__init__"], "generated", False)
    if generated:
        _generated.add(cls)
        _place(cls)
    # Rows are loaded through `from_db` where that or the constructor was written by hand.
    loaded_by = next(base for base in cls.__mro__ if "from_db" in base.__dict__)
    cls._made_by_hand = not generated or loaded_by.__module__ != "rowsmith.models.base"
    cls._takes_fetch_mode = _takes_fetch_mode(loaded_by.__dict__["from_db"])
    if is_new and not cls._takes_fetch_mode and (loaded_by is cls or "_meta" not in loaded_by.__dict__):
        discourage(
            f"{loaded_by.__name__}.from_db() without the argument fetch_mode leaves in 2.0; write "
            "from_db(cls, db, field_names, values, *, fetch_mode=None), and pass it on to super()."
        )


def _takes_fetch_mode(method: Any) -> bool:
    """Whether a `from_db` can be told how the instance loads what it lacks."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is None or "fetch_mode" in code.co_varnames or bool(code.co_flags & CO_VARKEYWORDS)


def _place(cls: Any) -> None:
    listened = bool(pre_init.receivers or post_init.receivers)
    type.__setattr__(cls, "__init__", _announced(cls._initialize) if listened else cls._initialize)


def _listeners_changed() -> None:
    """Put the constructors in place that send signals, or those that need not."""
    for cls in list(_generated):
        _place(cls)


pre_init.changed.append(_listeners_changed)
post_init.changed.append(_listeners_changed)


def _announced(plain: Callable[..., None]) -> Callable[..., None]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        cls = self.__class__
        pre_init.send(sender=cls, args=args, kwargs=kwargs)
        plain(self, *args, **kwargs)
        post_init.send(sender=cls, instance=self)

    __init__.generated = True  # type: ignore[attr-defined]
    return __init__


def initialize(self: Any, *args: Any, **kwargs: Any) -> None:
    """The constructor that an overridden `__init__` reaches by `super()`."""
    cls = self.__class__
    if cls._meta.abstract:
        raise TypeError(f"{cls.__name__} is abstract and has no instances; subclass it.")
    if pre_init.receivers or post_init.receivers:
        _announced(cls._initialize)(self, *args, **kwargs)
    else:
        cls._initialize(self, *args, **kwargs)


initialize.generated = True  # type: ignore[attr-defined]


def generate(cls: Any) -> Callable[..., None]:
    """Compile `__init__(self, <a parameter per column>, *, <a keyword per relation>)` for one model.

    It stores plain attributes, calls the callable defaults, and leaves whatever else was given to `finish`.
    """
    meta = cls._meta
    scope: dict[str, Any] = {"_OMITTED": OMITTED, "_finish": finish}
    parameters: list[str] = []
    keywords: list[str] = []
    body: list[str] = []
    relations: list[str] = []
    if len(meta.columns) < len(meta.concrete_fields):
        # Two columns of one name: a check tells, if the model comes that far.
        return slow
    for number, field in enumerate(meta.concrete_fields):
        attname = field.attname
        if not _usable(attname):
            return slow
        default: Any = field.default
        if field.generated:
            # Nobody knows the value until the row is written; it may be given for tests, and is then never written.
            parameters.append(f"{attname}=_OMITTED")
            body.append(f"if {attname} is not _OMITTED: _self.{attname} = {attname}")
            continue
        if default is NOT_PROVIDED:
            scope[f"_d{number}"] = field.fallback_default
            parameters.append(f"{attname}=_d{number}")
        elif callable(default) or field.is_relation:
            # A relation's default may be an instance, whose key is only known when the default is used.
            scope[f"_d{number}"] = field.get_default
            parameters.append(f"{attname}=_OMITTED")
            body.append(f"if {attname} is _OMITTED: {attname} = _d{number}()")
        else:
            scope[f"_d{number}"] = default
            parameters.append(f"{attname}=_d{number}")
        setter = getattr(field, "descriptor_class", None)
        body.append(f"_self.{attname} = {attname}" if setter is None else f"setattr(_self, {attname!r}, {attname})")
        if field.is_relation and field.name != attname:
            if not _usable(field.name):
                return slow
            keywords.append(f"{field.name}=_OMITTED")
            relations.append(f"if {field.name} is not _OMITTED: _self.{field.name} = {field.name}")
    for relation in meta.row_relations:
        for name in filter(_usable, (relation.attname, relation.name)):
            keywords.append(f"{name}=_OMITTED")
            relations.append(f"if {name} is not _OMITTED: _self.{name} = {name}")
    signature = ", ".join(["_self", *parameters, "*_excess", *keywords, "**_extra"])
    lines = [f"def __init__({signature}):"]
    lines += [f"    {line}" for line in ["_self._adding = True", *body, *relations]]
    lines += ["    if _excess or _extra: _finish(_self, _excess, _extra)"]
    source = "\n".join(lines) + "\n"
    function: Callable[..., None] = define("__init__", source, scope, f"constructor of {meta.label}")
    function.__qualname__ = f"{cls.__qualname__}.__init__"
    function.__module__ = cls.__module__
    function.generated = True  # type: ignore[attr-defined]
    return function


def _usable(name: str) -> bool:
    """Whether the name can be a parameter of the generated function."""
    return (
        name.isidentifier() and not keyword.iskeyword(name) and not name.startswith(("_d", "_self", "_O", "_e", "_f"))
    )


def slow(self: Any, *args: Any, **kwargs: Any) -> None:
    """The constructor of a model with a field name that cannot be a parameter."""
    meta = self.__class__._meta
    fields = meta.concrete_fields
    if len(args) > len(fields):
        _refuse_excess(self, len(args))
    self._adding = True
    given = dict(zip((field.attname for field in fields), args, strict=False))
    for field in fields:
        if field.attname in given:
            if field.attname in kwargs or field.name in kwargs:
                raise TypeError(f"{meta.object_name}() got both positional and keyword arguments for {field.name!r}.")
            setattr(self, field.attname, given[field.attname])
        elif field.attname in kwargs:
            setattr(self, field.attname, kwargs.pop(field.attname))
        elif not field.generated:
            setattr(self, field.attname, field.get_default())
        if field.is_relation and field.name in kwargs:
            setattr(self, field.name, kwargs.pop(field.name))
    if kwargs:
        finish(self, (), kwargs)


slow.generated = True  # type: ignore[attr-defined]


def finish(self: Any, excess: tuple[Any, ...], extra: dict[str, Any]) -> None:
    """Set the properties among the keywords, and refuse what is neither property nor field."""
    meta = self.__class__._meta
    if excess:
        _refuse_excess(self, len(excess) + len(meta.concrete_fields))
    unknown = [name for name in extra if name not in meta.property_names and name not in meta.fields_map]
    if unknown:
        known = [*(field.name for field in meta.fields), *meta.property_names]
        listed = ", ".join(repr(name) for name in unknown)
        plural = "arguments" if len(unknown) > 1 else "argument"
        raise UnknownName(
            f"{meta.object_name}() got unexpected keyword {plural}: {listed}.{did_you_mean(unknown[0], known)} "
            f"{meta.object_name} has: {', '.join(sorted(field.name for field in meta.fields))}."
        )
    for name, value in extra.items():
        setattr(self, name, value)


def _refuse_excess(self: Any, count: int) -> None:
    meta = self.__class__._meta
    raise IndexError(
        f"{meta.object_name}() takes at most {len(meta.concrete_fields)} positional arguments, one for each column, "
        f"but {count} were given."
    )
