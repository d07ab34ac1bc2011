"""How values travel to PostgreSQL, whose driver is set up to return most types as Python has them."""

from __future__ import annotations

import datetime
import json
from datetime import tzinfo
from typing import Any

from rowsmith.dialects.postgresql.composites import HSTORE, array_codec, range_codec, vector_codec
from rowsmith.sql import types
from rowsmith.sql.codec import PLAIN, Codec, text_document

_encode_json = json.JSONEncoder(allow_nan=False).encode


def codec(type_: types.Type, *, use_tz: bool, zone: tzinfo) -> Codec:
    """The codec for one type.

    use_tz:  whether datetimes are aware.
    zone:    the zone in which naive datetimes are meant while `use_tz` is off.
    """
    match type_:
        case types.DateTime() if not use_tz:
            return _naive_instant(zone)
        case types.Json(encoder, decoder):
            return _json(encoder, decoder)
        case types.JsonText():
            return Codec(encode=text_document)
        case types.Array(of):
            return array_codec(of, codec(of, use_tz=use_tz, zone=zone))
        case types.Vector(dimensions):
            return vector_codec(dimensions)
        case types.HStore():
            return HSTORE
        case types.Range(name, of):
            return range_codec(name, of, codec(of, use_tz=use_tz, zone=zone))
        case _:
            return PLAIN


def _naive_instant(zone: tzinfo) -> Codec:
    def encode(value: datetime.datetime) -> datetime.datetime:
        return value if value.tzinfo is not None else value.replace(tzinfo=zone)

    def decode(value: datetime.datetime) -> datetime.datetime:
        return value.astimezone(zone).replace(tzinfo=None)

    return Codec(encode=encode, decode=decode)


def _json(encoder: Any, decoder: Any) -> Codec:
    """Documents go as text, and come back parsed."""

    def encode(value: Any) -> str:
        return json.dumps(value, cls=encoder, allow_nan=False)

    if decoder is None:
        return Codec(encode=_encode_json if encoder is None else encode)

    def decode(value: Any) -> Any:
        # The driver has parsed the document already; the user's decoder wants to see the text.
        return json.loads(json.dumps(value), cls=decoder)

    return Codec(encode=_encode_json if encoder is None else encode, decode=decode)
