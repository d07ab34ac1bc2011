"""Dates and times: days, times of day, instants and lengths of time."""

from __future__ import annotations

import datetime
import re
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from rowsmith import timezone
from rowsmith.exceptions import ValidationError
from rowsmith.fields.base import Field, G, S, is_expression
from rowsmith.lookups.dates import DATES, INSTANTS, TIMES

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rowsmith.fields.options import DateOptions, FieldOptions

_DURATION = (
    r"^(?:(?P<days>[+-]?\d+)(?: days?, | days?| |$))?"
    r"(?P<sign>[+-])?(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?(?P<seconds>\d+)?(?:[.,](?P<micro>\d{1,6})\d*)?\Z"
)
_ISO_DURATION = (
    r"^(?P<sign>[+-])?P(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?\Z"
)


def parse_duration(text: str) -> datetime.timedelta | None:
    """Read `[days] [[hours:]minutes:]seconds[.fraction]` or ISO 8601 (`P3DT4H`); None for anything else."""
    if iso := re.match(_ISO_DURATION, text):
        parts = {key: float(value.replace(",", ".")) for key, value in iso.groupdict("0").items() if key != "sign"}
        return datetime.timedelta(**parts) * (-1 if iso["sign"] == "-" else 1)
    plain = re.match(_DURATION, text)
    if plain is None or not any(plain[key] for key in ("days", "seconds", "micro")):
        return None
    days = datetime.timedelta(days=int(plain["days"] or 0))
    rest = datetime.timedelta(
        hours=int(plain["hours"] or 0),
        minutes=int(plain["minutes"] or 0),
        seconds=int(plain["seconds"] or 0),
        microseconds=int((plain["micro"] or "0").ljust(6, "0")),
    )
    return days + (-rest if plain["sign"] == "-" else rest)


def duration_string(value: datetime.timedelta) -> str:
    """`[days ]HH:MM:SS[.ffffff]`, which `parse_duration` reads back."""
    seconds = value.seconds
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if value.days:
        text = f"{value.days} {text}"
    return f"{text}.{value.microseconds:06d}" if value.microseconds else text


class _Automatic(Field[S, G]):
    """A date or time that can fill itself in when the row is saved."""

    empty_strings_allowed = False

    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        auto_now: bool = False,
        auto_now_add: bool = False,
        **options: Any,
    ) -> None:
        self.auto_now, self.auto_now_add = auto_now, auto_now_add
        if auto_now or auto_now_add:
            options["editable"] = False
            options["blank"] = True
        super().__init__(verbose_name, name, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if self.auto_now:
            keywords["auto_now"] = True
        if self.auto_now_add:
            keywords["auto_now_add"] = True
        if self.auto_now or self.auto_now_add:
            del keywords["editable"], keywords["blank"]
        return name, path, args, keywords

    def current(self) -> Any:
        """The value that the automatic options fill in."""
        raise NotImplementedError

    @property
    def sets_itself(self) -> bool:  # type: ignore[override]
        return self.auto_now or self.auto_now_add

    def pre_save(self, instance: Any, add: bool) -> Any:
        if self.auto_now or (self.auto_now_add and add):
            value = self.current()
            setattr(instance, self.attname, value)
            return value
        return getattr(instance, self.attname)

    def value_to_string(self, instance: Any) -> str:
        value = self.value_from_object(instance)
        return "" if value is None else value.isoformat()

    def _fail(self, code: str, value: Any) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code, params={"value": value})


class DateField(_Automatic[S, G]):
    """A calendar day."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DateField[datetime.date, datetime.date],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[DateOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: DateField[datetime.date | None, datetime.date | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[DateOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[DateOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types = frozenset({datetime.date})
    default_error_messages = {
        "invalid": "%(value)r is not a date; dates are written YYYY-MM-DD.",
        "invalid_date": "%(value)r is written like a date, but there is no such day.",
    }
    class_lookups = DATES
    description = "Date (without time)"

    def current(self) -> datetime.date:
        return datetime.datetime.now(timezone.get_default_timezone()).date()

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        if not self.null:
            cls._install_neighbours(self)

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is datetime.date or value is None or is_expression(value):
            return value
        return self.prepared(value)

    def to_python(self, value: Any) -> Any:
        if value is None:
            return value
        if isinstance(value, datetime.datetime):
            if timezone.use_tz() and timezone.is_aware(value):
                value = timezone.make_naive(value, timezone.get_default_timezone())
            return value.date()
        if isinstance(value, datetime.date):
            return value
        parsed = None
        if isinstance(value, str):
            match = re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z", value)
            try:
                if match:
                    parsed = datetime.date(*(int(part) for part in match.groups()))
                else:
                    parsed = datetime.date.fromisoformat(value)
            except ValueError:
                if match:
                    raise self._fail("invalid_date", value) from None
        if parsed is None:
            raise self._fail("invalid", value)
        return parsed


class DateTimeField(DateField[S, G]):
    """An instant, aware of its time zone unless the option `use_tz` is off."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DateTimeField[datetime.datetime, datetime.datetime],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[DateOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: DateTimeField[datetime.datetime | None, datetime.datetime | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[DateOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[DateOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types: ClassVar[frozenset[type]] = frozenset()
    prep_condition = (datetime.datetime, "{v}.tzinfo is not None")
    default_error_messages = {
        "invalid": "%(value)r is not a date and time; they are written YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ].",
        "invalid_date": "%(value)r is written like a date, but there is no such day.",
        "invalid_datetime": "%(value)r is written like a date and time, but there is no such instant.",
    }
    class_lookups = INSTANTS
    description = "Date (with time)"

    def current(self) -> datetime.datetime:
        return timezone.now()

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is not datetime.datetime:
            if value is None or is_expression(value):
                return value
            value = self.prepared(value)
        if value.tzinfo is None and timezone.use_tz():
            return self._made_aware(value)
        return value

    def _made_aware(self, value: datetime.datetime) -> datetime.datetime:
        name = f"{self.model._meta.label}.{self.name}" if "model" in self.__dict__ else "(unbound)"
        warnings.warn(
            f"DateTimeField {name} received a naive datetime ({value}) while time zone support is active.",
            RuntimeWarning,
            stacklevel=3,
        )
        return timezone.make_aware(value, timezone.get_default_timezone())

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, datetime.datetime):
            return value
        if isinstance(value, datetime.date):
            midnight = datetime.datetime(value.year, value.month, value.day)
            return self._made_aware(midnight) if timezone.use_tz() else midnight
        if not isinstance(value, str):
            raise self._fail("invalid", value)
        text = value.strip()
        if re.match(r"\d{4}-\d{1,2}-\d{1,2}\Z", text):
            try:
                year, month, day = (int(part) for part in text.split("-"))
                return datetime.datetime(year, month, day)
            except ValueError:
                raise self._fail("invalid_date", value) from None
        try:
            return datetime.datetime.fromisoformat(text)
        except ValueError:
            pass
        match = re.match(
            r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d*)?)?"
            r"\s*(Z|[+-]\d{2}(?::?\d{2})?)?\Z",
            text,
        )
        if match is None:
            raise self._fail("invalid", value)
        *numbers, fraction, zone = match.groups()
        try:
            year, month, day, hour, minute, second = (int(part or 0) for part in numbers)
            parsed = datetime.datetime(year, month, day, hour, minute, second, int((fraction or "0").ljust(6, "0")))
        except ValueError:
            raise self._fail("invalid_datetime", value) from None
        if zone == "Z":
            return parsed.replace(tzinfo=datetime.UTC)
        if zone:
            digits = zone[1:].replace(":", "").ljust(4, "0")
            minutes = 60 * int(digits[:2]) + int(digits[2:])
            return parsed.replace(tzinfo=timezone.get_fixed_timezone(-minutes if zone[0] == "-" else minutes))
        return parsed


class TimeField(_Automatic[S, G]):
    """A time of day."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: TimeField[datetime.time, datetime.time],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[DateOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: TimeField[datetime.time | None, datetime.time | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[DateOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[DateOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types = frozenset({datetime.time})
    default_error_messages = {
        "invalid": "%(value)r is not a time; times are written HH:MM[:ss[.uuuuuu]].",
        "invalid_time": "%(value)r is written like a time, but there is no such time of day.",
    }
    class_lookups = TIMES
    description = "Time"

    def current(self) -> datetime.time:
        return datetime.datetime.now(timezone.get_default_timezone()).time()

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is datetime.time or value is None or is_expression(value):
            return value
        return self.prepared(value)

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, datetime.time):
            return value
        if isinstance(value, datetime.datetime):
            return value.time()
        if not isinstance(value, str):
            raise self._fail("invalid", value)
        match = re.match(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d*)?)?\Z", value.strip())
        if match is None:
            raise self._fail("invalid", value)
        *numbers, fraction = match.groups()
        try:
            hour, minute, second = (int(part or 0) for part in numbers)
            return datetime.time(hour, minute, second, int((fraction or "0").ljust(6, "0")))
        except ValueError:
            raise self._fail("invalid_time", value) from None


class DurationField(Field[S, G]):
    """A length of time."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DurationField[datetime.timedelta, datetime.timedelta],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: DurationField[datetime.timedelta | None, datetime.timedelta | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types = frozenset({datetime.timedelta})
    empty_strings_allowed = False
    default_error_messages = {"invalid": "%(value)r is not a duration; they are written [DD] [[HH:]MM:]ss[.uuuuuu]."}
    description = "Duration"

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is datetime.timedelta or value is None or is_expression(value):
            return value
        return self.prepared(value)

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, datetime.timedelta):
            return value
        parsed = None
        if isinstance(value, str):
            try:
                parsed = parse_duration(value)
            except OverflowError:
                parsed = None
        if parsed is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value})
        return parsed

    def value_to_string(self, instance: Any) -> str:
        value = self.value_from_object(instance)
        return "" if value is None else duration_string(value)
