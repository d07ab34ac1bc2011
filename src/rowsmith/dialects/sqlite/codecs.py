"""How values are stored in SQLite, which has numbers, text and bytes, and read back."""

from __future__ import annotations

import datetime
import decimal
import functools
import json
import uuid
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from rowsmith.dialects.sqlite import vectors
from rowsmith.exceptions import DataError
from rowsmith.sql import types
from rowsmith.sql.codec import PLAIN, Codec, text_document

UTC = datetime.UTC

_date = datetime.date.fromisoformat
_datetime = datetime.datetime.fromisoformat
_time = datetime.time.fromisoformat
_timedelta = datetime.timedelta


def _json_encoder() -> Callable[[Any], str]:
    """What json.dumps does without options, without setting it up at every call."""
    whole = json.JSONEncoder(allow_nan=False).encode
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return whole

    def refuse(value: Any) -> Any:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    text = json.encoder.encode_basestring_ascii
    chunks = make(None, refuse, text, None, ": ", ", ", False, False, False)

    def encode(value: Any) -> str:
        if type(value) is dict or type(value) is list:
            try:
                return "".join(chunks(value, 0))
            except RecursionError:
                pass  # the slow way tells a circle from mere depth
        return whole(value)

    return encode


# The scanner behind json.loads, without the layers that look for white space and for a second document.
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_encode_json = _json_encoder()

# UUID's constructor spends most of its time on forms that cannot occur here.
_new = object.__new__
_set_int = uuid.UUID.__dict__["int"].__set__
_set_safety = uuid.UUID.__dict__["is_safe"].__set__
_unknown = uuid.SafeUUID.unknown


def codec(type_: types.Type, *, use_tz: bool, zone: tzinfo) -> Codec:
    """The codec for one type.

    use_tz:  whether datetimes are aware.
    zone:    the zone in which this database keeps datetimes.
    """
    match type_:
        case types.Boolean():
            return Codec(encode=int, decode=bool, inline="not not {v}", encode_inline="1 if {v} else 0")
        case types.Float():
            return Codec(
                encode=_finite, encode_inline="{v} if {v} == {v} else _finite({v})", names={"_finite": _finite}
            )
        case types.Decimal(digits, places):
            return _decimal(digits, places)
        case types.Date():
            return Codec(
                encode=datetime.date.isoformat,
                decode=_date,
                inline="_date({v})",
                encode_inline="{v}.isoformat()",
                names={"_date": _date},
            )
        case types.Time():
            return Codec(encode=_encode_time, decode=_time, inline="_time({v})", names={"_time": _time})
        case types.DateTime():
            return _instant(use_tz, zone)
        case types.Duration():
            return Codec(
                encode=_microseconds,
                decode=_duration,
                inline="_timedelta(0, 0, {v})",
                names={"_timedelta": _timedelta},
            )
        case types.Uuid():
            return Codec(encode=_hex, decode=_uuid, encode_inline="'%032x' % {v}.int")
        case types.JsonPart(encoder, decoder):
            return _json_part(encoder, decoder)
        case types.Json(encoder, decoder):
            return _json(encoder, decoder)
        case types.JsonText(part):
            return PLAIN if part else Codec(encode=text_document)
        case types.Vector(dimensions):
            return vectors.codec(dimensions)
        case types.Array(of):
            return _array(codec(of, use_tz=use_tz, zone=zone))
        case _:
            return PLAIN


def _finite(value: float) -> float:
    # SQLite stores NaN as NULL, so that it would be lost without a word.
    if value != value:
        raise ValueError("SQLite cannot store NaN: it would become NULL.")
    return value


def _decimal(digits: int | None, places: int | None) -> Codec:
    """Exact numbers are written as text and kept as REAL or INTEGER; reading rounds to the digits they had."""
    if places is None:

        def read(value: Any) -> decimal.Decimal:
            return decimal.Decimal("%.15g" % value if type(value) is float else value)  # noqa: UP031 - the fastest spelling

        return Codec(encode=_plain_text, decode=read)
    quantum = decimal.Decimal(1).scaleb(-places)
    context = _context(digits)
    # str() of a number with at most six places never uses an exponent.
    text: Callable[[decimal.Decimal], str] = str if places <= 6 else "{:f}".format
    form = f"%.{places}f"

    def encode(value: decimal.Decimal) -> str:
        try:
            return text(value.quantize(quantum, context=context))
        except decimal.InvalidOperation:
            raise ValueError(
                f"{value} does not fit a decimal of {digits} digits, {places} of them behind the point."
            ) from None

    unrounded = _unrounded(places)

    def decode(value: Any) -> decimal.Decimal:
        if type(value) is not str:
            shown = form % value
            if float(shown) == value:
                return decimal.Decimal(shown)
        return unrounded(value)

    # A float that equals what its rounded text reads as had no further digits; anything else takes the exact way.
    inline = f"(_D(_s) if type({{v}}) is not str and float(_s := '{form}' % {{v}}) == {{v}} else _u{places}({{v}}))"
    return Codec(
        encode=encode,
        decode=decode,
        inline=inline,
        encode_inline=f"_t{places}({{v}}.quantize(_q{places}, None, _c{digits}))",
        names={
            "_D": decimal.Decimal,
            f"_u{places}": unrounded,
            f"_t{places}": text,
            f"_q{places}": quantum,
            f"_c{digits}": context,
        },
    )


@functools.cache
def _context(digits: int | None) -> decimal.Context:
    return decimal.Context(prec=digits or _WIDE.prec)


@functools.cache
def _unrounded(places: int) -> Callable[[Any], decimal.Decimal]:
    """Reads a value with more digits than the column declares, as arithmetic in SQL leaves behind."""
    quantum = decimal.Decimal(1).scaleb(-places)

    def read(value: Any) -> decimal.Decimal:
        if type(value) is float:
            value = _FIFTEEN.create_decimal_from_float(value)
        return decimal.Decimal(value).quantize(quantum, context=_WIDE)

    return read


# SQLite keeps fifteen digits of a REAL; more than that would show the noise of binary fractions.
_FIFTEEN = decimal.Context(prec=15)
_WIDE = decimal.Context(prec=400)


def _plain_text(value: decimal.Decimal) -> str:
    return f"{value:f}"


def _encode_time(value: datetime.time) -> str:
    if value.tzinfo is not None:
        raise ValueError("SQLite stores times without a zone; this one has one.")
    return value.isoformat()


def _moved(value: datetime.datetime, zone: tzinfo) -> datetime.datetime:
    """The same instant in another zone, as long as it lies within the calendar there."""
    try:
        return value.astimezone(zone)
    except OverflowError:
        raise DataError(
            f"{value.isoformat()} cannot be stored: in {zone} it lies outside of the years 1 to 9999."
        ) from None


def _instant(use_tz: bool, zone: tzinfo) -> Codec:
    """Instants are wall time in the database's zone, to the microsecond, as text."""
    if not use_tz:

        def naive(value: datetime.datetime) -> str:
            if value.tzinfo is not None:
                raise ValueError("SQLite cannot store an aware datetime while use_tz is off.")
            return value.isoformat(" ")

        return Codec(encode=naive, decode=_datetime, inline="_datetime({v})", names={"_datetime": _datetime})
    if zone is UTC or str(zone) == "UTC":

        def encode(value: datetime.datetime) -> str:
            if value.tzinfo is not UTC:
                value = _moved(value, UTC)
            # Cheaper by a third than isoformat(), which spells the zone as well.
            text = "%04d-%02d-%02d %02d:%02d:%02d" % (  # noqa: UP031 - the fastest spelling
                value.year,
                value.month,
                value.day,
                value.hour,
                value.minute,
                value.second,
            )
            return f"{text}.{value.microsecond:06d}" if value.microsecond else text

        def decode(value: str) -> datetime.datetime:
            return _datetime(value + "+00:00")

        return Codec(
            encode=encode,
            decode=decode,
            inline="_datetime({v} + '+00:00')",
            # A naive twin is made and printed in less time than an aware one is printed.
            encode_inline=(
                "_join({v}.date(), {v}.time()).isoformat(' ') if {v}.tzinfo is _utc else "
                "{v}.astimezone(_utc).isoformat(' ')[:-6]"
            ),
            names={"_datetime": _datetime, "_utc": UTC, "_join": datetime.datetime.combine},
        )

    def to_zone(value: datetime.datetime) -> str:
        return _moved(value, zone).replace(tzinfo=None).isoformat(" ")

    def from_zone(value: str) -> datetime.datetime:
        return _datetime(value).replace(tzinfo=zone)

    return Codec(encode=to_zone, decode=from_zone)


def _microseconds(value: datetime.timedelta) -> int:
    return (value.days * 86400 + value.seconds) * 1000000 + value.microseconds


def _duration(value: int) -> datetime.timedelta:
    return _timedelta(0, 0, value)


def _hex(value: uuid.UUID) -> str:
    return "%032x" % value.int  # noqa: UP031 - the fastest spelling


def _uuid(value: str) -> uuid.UUID:
    found = _new(uuid.UUID)
    _set_int(found, int(value, 16))
    _set_safety(found, _unknown)
    return found


def _json(encoder: Any, decoder: Any) -> Codec:
    def encode(value: Any) -> str:
        return json.dumps(value, cls=encoder, allow_nan=False)

    if decoder is None:
        # White space before the document is legal and never ours.
        inline = "(_scan({v}, 0)[0] if {v}[0] > ' ' else _loads({v}))"
        return Codec(
            encode=_encode_json if encoder is None else encode,
            decode=json.loads,
            inline=inline,
            names={"_scan": _scan, "_loads": json.loads},
        )

    def decode(value: str) -> Any:
        return json.loads(value, cls=decoder)

    return Codec(encode=_encode_json if encoder is None else encode, decode=decode)


def _json_part(encoder: Any, decoder: Any) -> Codec:
    """Values within documents come bare: texts without quotes, true, false and null as words, the rest as documents."""

    def encode(value: Any) -> Any:
        if encoder is not None or not isinstance(value, _PARTS):
            value = json.loads(json.dumps(value, cls=encoder, allow_nan=False))
        match value:
            case bool():
                return "true" if value else "false"
            case int():
                # What is no whole number of SQLite's is kept as a fraction there.
                return value if -(2**63) <= value < 2**63 else float(value)
            case str():
                return value
            case float() if value - value == 0:
                return value
            case _:
                # JSON has no infinity, and says so itself.
                return json.dumps(value, allow_nan=False, separators=(",", ":"))

    def decode(value: Any) -> Any:
        if type(value) is not str:
            return value if decoder is None else json.loads(json.dumps(value), cls=decoder)
        if value in _WORDS:
            return _WORDS[value]
        if value[:1] in ("{", "["):
            try:
                return json.loads(value, cls=decoder)
            except ValueError:
                pass  # a text that begins like a document
        return value

    return Codec(encode=encode, decode=decode)


_PARTS = (bool, int, float, str, dict, list)
_WORDS = {"true": True, "false": False, "null": None}


def _array(of: Codec) -> Codec:
    """Lists travel as a JSON array, which `json_each` takes apart."""
    one = of.encode

    def encode(values: Any) -> str:
        return _encode_json(list(values) if one is None else [None if v is None else one(v) for v in values])

    return Codec(encode=encode, decode=json.loads)
