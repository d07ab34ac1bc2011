"""Text: of bounded and unbounded length, and the kinds of text that have a form of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from rowsmith import validators
from rowsmith.fields.base import Field, G, S, is_expression

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rowsmith.fields.options import SlugOptions, TextOptions


class _Text(Field[S, G]):
    """Text with an optional collation; anything that is not text yet is written as its `str()`."""

    prep_types = frozenset({str})

    def __init__(self, *args: Any, db_collation: str | None = None, **options: Any) -> None:
        self.db_collation = db_collation
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if self.db_collation:
            keywords["db_collation"] = self.db_collation
        return name, path, args, keywords

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        return {**super().db_parameters(connection), "collation": self.db_collation}

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is str or value is None or is_expression(value):
            return value
        # Members of an enumeration are text already; their str() may be the member's name.
        return str.__str__(value) if isinstance(value, str) else self.to_python(value)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        return str(value)


class CharField(_Text[S, G]):
    """Text of at most `max_length` characters; without one, of any length where the database allows it."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: CharField[str, str], *args: Any, null: Literal[False] = ..., **options: Unpack[TextOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: CharField[str | None, str | None], *args: Any, null: Literal[True], **options: Unpack[TextOptions]
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[TextOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    description = "String (up to %(max_length)s)"

    @cached_property
    def validators(self) -> list[Callable[[Any], Any]]:
        given = [*self.default_validators, *self._validators]
        if self.max_length is not None:
            given.append(validators.MaxLengthValidator(self.max_length))
        return given

    def get_internal_type(self) -> str:
        return "CharField"


class EmailField(CharField[S, G]):
    """An e-mail address."""

    default_validators: ClassVar[Sequence[Callable[[Any], Any]]] = (validators.validate_email,)
    description = "Email address"

    @overload
    def __init__(
        self: EmailField[str, str], *args: Any, null: Literal[False] = ..., **options: Unpack[TextOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: EmailField[str | None, str | None], *args: Any, null: Literal[True], **options: Unpack[TextOptions]
    ) -> None: ...
    @overload
    def __init__(self, *args: Any, null: bool = ..., **options: Unpack[TextOptions]) -> None: ...
    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("max_length", 254)
        super().__init__(*args, **options)


class URLField(CharField[S, G]):
    """A URL."""

    default_validators: ClassVar[Sequence[Callable[[Any], Any]]] = (validators.URLValidator(),)
    description = "URL"

    @overload
    def __init__(
        self: URLField[str, str], *args: Any, null: Literal[False] = ..., **options: Unpack[TextOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: URLField[str | None, str | None], *args: Any, null: Literal[True], **options: Unpack[TextOptions]
    ) -> None: ...
    @overload
    def __init__(self, *args: Any, null: bool = ..., **options: Unpack[TextOptions]) -> None: ...
    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("max_length", 200)
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if keywords.get("max_length") == 200:
            del keywords["max_length"]
        return name, path, args, keywords


class SlugField(CharField[S, G]):
    """Letters, digits, hyphens and underscores; indexed unless told otherwise."""

    default_validators: ClassVar[Sequence[Callable[[Any], Any]]] = (validators.validate_slug,)
    description = "Slug (up to %(max_length)s)"

    @overload
    def __init__(
        self: SlugField[str, str], *args: Any, null: Literal[False] = ..., **options: Unpack[SlugOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: SlugField[str | None, str | None], *args: Any, null: Literal[True], **options: Unpack[SlugOptions]
    ) -> None: ...
    @overload
    def __init__(self, *args: Any, null: bool = ..., **options: Unpack[SlugOptions]) -> None: ...
    def __init__(
        self,
        *args: Any,
        max_length: int | None = 50,
        db_index: bool = True,
        allow_unicode: bool = False,
        **options: Any,
    ) -> None:
        self.allow_unicode = allow_unicode
        if allow_unicode:
            self.default_validators = (validators.validate_unicode_slug,)  # type: ignore[misc]
        super().__init__(*args, max_length=max_length, db_index=db_index, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if keywords.get("max_length") == 50:
            del keywords["max_length"]
        if keywords.pop("db_index", False) is False:
            keywords["db_index"] = False
        if self.allow_unicode:
            keywords["allow_unicode"] = True
        return name, path, args, keywords

    def get_internal_type(self) -> str:
        return "SlugField"


class TextField(_Text[S, G]):
    """Text of any length; `max_length` is a hint for forms and is not enforced."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: TextField[str, str], *args: Any, null: Literal[False] = ..., **options: Unpack[TextOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: TextField[str | None, str | None], *args: Any, null: Literal[True], **options: Unpack[TextOptions]
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[TextOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    description = "Text"

    def get_internal_type(self) -> str:
        return "TextField"
