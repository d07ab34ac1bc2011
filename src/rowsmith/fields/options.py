"""Options: the keywords that fields take, for type checkers; `null` is named apart, as it decides the types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import TypedDict

    class _Options(TypedDict, total=False):

        verbose_name: str | None
        name: str | None
        primary_key: bool
        max_length: int | None
        unique: bool
        blank: bool
        db_index: bool
        default: Any
        db_default: Any
        editable: bool
        serialize: bool
        unique_for_date: str | None
        unique_for_month: str | None
        unique_for_year: str | None
        choices: Any
        help_text: str
        db_column: str | None
        db_comment: str | None
        db_tablespace: str | None
        auto_created: bool
        validators: Iterable[Callable[[Any], Any]]
        error_messages: Mapping[str, str] | None

    class FieldOptions(_Options, total=False, closed=True):
        """What every field takes."""

    class DecimalOptions(_Options, total=False, closed=True):
        """What exact numbers take."""

        max_digits: int | None
        decimal_places: int | None

    class TextOptions(_Options, total=False, closed=True):
        """What texts take."""

        db_collation: str | None

    class SlugOptions(_Options, total=False, closed=True):
        """What slugs take."""

        db_collation: str | None
        allow_unicode: bool

    class DateOptions(_Options, total=False, closed=True):
        """What dates and times take that can fill themselves in."""

        auto_now: bool
        auto_now_add: bool

    class AddressOptions(_Options, total=False, closed=True):
        """What addresses take."""

        protocol: str
        unpack_ipv4: bool
