"""Deconstruction: the arguments that build an expression again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowsmith.imports import Later

if TYPE_CHECKING:
    import inspect
else:
    inspect = Later("inspect")


def import_path(cls: type) -> str:
    """Where a user imports a class from."""
    module = cls.__module__
    for package, face in (
        ("rowsmith.functions.", "rowsmith.models.functions"),
        ("rowsmith.lookups.json", "rowsmith.models.fields.json"),
        ("rowsmith.lookups.", "rowsmith.models.lookups"),
        ("rowsmith.expressions.arithmetic", "rowsmith.models.expressions"),
        ("rowsmith.expressions.raw", "rowsmith.models.expressions"),
        ("rowsmith.expressions.", "rowsmith.models"),
    ):
        if module.startswith(package):
            return f"{face}.{cls.__qualname__}"
    return f"{module}.{cls.__qualname__}"


def constructor_arguments(expression: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the constructor was called with; for classes of the library's own, what would make an equal one."""
    remembered = getattr(expression, "_constructor_args", None)
    if remembered is not None:
        return remembered  # type: ignore[no-any-return]
    sources = list(expression.get_source_expressions())
    named = dict(expression.constructor)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(expression).__init__).parameters.items():
        if name == "self":
            continue
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            args.extend(getattr(expression, named[name]) if name in named else sources)
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            kwargs.update(getattr(expression, "extra", {}))
            continue
        attribute = named.get(name, name)
        if hasattr(expression, attribute):
            value = getattr(expression, attribute)
        elif sources and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            value = sources.pop(0)
        else:
            continue
        if parameter.default is inspect.Parameter.empty:
            args.append(value)
        elif value is not parameter.default and value != parameter.default and value != ():
            kwargs[name] = value
    return tuple(args), kwargs
