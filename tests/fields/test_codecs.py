"""Any value survives the way into SQLite and back, by the decoder and by the text that row builders paste."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import sqlite3
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowsmith.dialects.postgresql.codecs import codec as postgres_codec
from rowsmith.dialects.sqlite.codecs import UTC, codec
from rowsmith.dialects.sqlite.ddl import column_type
from rowsmith.sql import types

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def decimals(digits: int, places: int) -> st.SearchStrategy[decimal.Decimal]:
    most = 10**digits - 1
    return st.integers(-most, most).map(lambda number: decimal.Decimal(number).scaleb(-places))


CASES = {
    "boolean": (types.Boolean(), st.booleans()),
    "integer": (types.Integer(64), st.integers(-(2**63), 2**63 - 1)),
    "float": (types.Float(), st.floats(allow_nan=False)),
    "decimal(5, 2)": (types.Decimal(5, 2), decimals(5, 2)),
    "decimal(15, 4)": (types.Decimal(15, 4), decimals(15, 4)),
    "decimal(12, 8)": (types.Decimal(12, 8), decimals(12, 8)),
    "text": (types.Text(), st.text()),
    "date": (types.Date(), st.dates()),
    "time": (types.Time(), st.times()),
    "instant": (types.DateTime(), st.datetimes(timezones=st.just(datetime.UTC))),
    "duration": (types.Duration(), st.timedeltas(datetime.timedelta(-(10**8)), datetime.timedelta(10**8))),
    "uuid": (types.Uuid(), st.uuids()),
    "bytes": (types.Binary(), st.binary()),
    "json": (types.Json(), json_values.filter(lambda value: value is not None)),
}


def through_sqlite(type_, value):
    found = codec(type_, use_tz=True, zone=UTC)
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE t (v {column_type(type_)})")
        database.execute("INSERT INTO t VALUES (?)", (found.encode(value) if found.encode else value,))
        [[raw]] = database.execute("SELECT v FROM t")
    decoded = found.decode(raw) if found.decode else raw
    if found.inline is None:
        return decoded, decoded
    return decoded, eval(found.inline.format(v="raw"), {**found.names, "raw": raw})


@pytest.mark.parametrize("case", CASES)
def test_values_come_back_from_sqlite(case):
    type_, values = CASES[case]

    @given(values)
    def check(value):
        decoded, inlined = through_sqlite(type_, value)
        for found in (decoded, inlined):
            assert found == value
            assert type(found) is type(value)
            assert str(found) == str(value) or value == 0

    check()


@pytest.mark.feature("SL-007")
@pytest.mark.parametrize(
    "stored, read", [(2.675, "2.68"), (2.665, "2.66"), (1, "1.00"), (0.1 + 0.2, "0.30"), ("7", "7.00")]
)
def test_numbers_with_more_digits_than_the_column_are_rounded(stored, read):
    found = codec(types.Decimal(5, 2), use_tz=True, zone=UTC)
    assert str(found.decode(stored)) == read
    assert str(eval(found.inline.format(v="raw"), {**found.names, "raw": stored})) == read


def test_a_decimal_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        codec(types.Decimal(3, 2), use_tz=True, zone=UTC).encode(decimal.Decimal("12.34"))


def test_nan_is_not_lost_silently():
    with pytest.raises(ValueError, match="NaN"):
        codec(types.Float(), use_tz=True, zone=UTC).encode(math.nan)
    with pytest.raises(ValueError):
        codec(types.Json(), use_tz=True, zone=UTC).encode([math.nan])


@given(
    st.datetimes(
        min_value=datetime.datetime(2, 1, 1), max_value=datetime.datetime(9998, 1, 1), timezones=st.timezones()
    )
)
def test_instants_are_stored_in_utc(value):
    stored = codec(types.DateTime(), use_tz=True, zone=UTC).encode(value)
    assert stored == str(value.astimezone(datetime.UTC).replace(tzinfo=None))


@pytest.mark.feature("CF-015")
def test_aware_datetimes_are_refused_without_use_tz():
    found = codec(types.DateTime(), use_tz=False, zone=UTC)
    assert found.encode(datetime.datetime(2024, 1, 1)) == "2024-01-01 00:00:00"
    assert found.decode("2024-01-01 00:00:00") == datetime.datetime(2024, 1, 1)
    with pytest.raises(ValueError, match="aware"):
        found.encode(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    with pytest.raises(ValueError, match="zone"):
        codec(types.Time(), use_tz=True, zone=UTC).encode(datetime.time(1, tzinfo=datetime.UTC))


@pytest.mark.feature("F-047")
def test_the_user_s_encoder_and_decoder_are_used():
    class Encoder(json.JSONEncoder):
        def default(self, value):
            return str(value)

    class Decoder(json.JSONDecoder):
        def decode(self, text):
            return ["decoded", super().decode(text)]

    for make in (codec, postgres_codec):
        found = make(types.Json(Encoder, Decoder), use_tz=True, zone=UTC)
        text = found.encode({"id": uuid.UUID(int=1)})
        assert json.loads(text) == {"id": str(uuid.UUID(int=1))}
        raw = text if make is codec else json.loads(text)
        assert found.decode(raw) == ["decoded", {"id": str(uuid.UUID(int=1))}]


def test_postgresql_needs_no_conversion_on_the_way_back():
    for type_ in (types.Boolean(), types.Decimal(5, 2), types.DateTime(), types.Uuid(), types.Json(), types.Inet()):
        assert postgres_codec(type_, use_tz=True, zone=UTC).decode is None


def test_postgresql_instants_are_naive_in_the_zone_without_use_tz():
    found = postgres_codec(types.DateTime(), use_tz=False, zone=datetime.timezone(datetime.timedelta(hours=2)))
    aware = datetime.datetime(2024, 1, 1, 10, tzinfo=datetime.UTC)
    assert found.decode(aware) == datetime.datetime(2024, 1, 1, 12)
    assert found.encode(datetime.datetime(2024, 1, 1, 12)) == aware


def test_lists_travel_as_one_parameter():
    array = types.Array(types.Decimal(5, 2))
    assert codec(array, use_tz=True, zone=UTC).encode([decimal.Decimal(1), None]) == '["1.00", null]'
    assert postgres_codec(types.Array(types.Integer()), use_tz=True, zone=UTC).encode((1, None)) == "{1,NULL}"
