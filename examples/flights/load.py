"""Loading: the compressed CSV files into the database, with real foreign keys."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import lzma
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import rowsmith
from examples.flights.models import ALL, Airline, Airport, Flight, Plane, Weather
from rowsmith import transaction

DATA = Path(__file__).parent / "data"
ROWS = {"airlines": 16, "airports": 1_458, "planes": 3_322, "weather": 26_115, "flights": 336_776}
BATCH = 10_000


def read(name: str) -> Iterator[list[str]]:
    """The rows of a file, without its header."""
    with lzma.open(DATA / f"{name}.csv.xz") as packed:
        lines = csv.reader(io.TextIOWrapper(packed, encoding="utf-8", newline=""))
        next(lines)
        yield from lines


def number(text: str) -> int | None:
    return None if text == "NA" else int(text)


def real(text: str) -> float | None:
    return None if text == "NA" else float(text)


@cache
def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def airlines() -> Iterator[Airline]:
    for carrier, name in read("airlines"):
        yield Airline(carrier=carrier, name=name)


def airports() -> Iterator[Airport]:
    for faa, name, lat, lon, alt, tz, dst, tzone in read("airports"):
        yield Airport(
            faa=faa,
            name=name,
            lat=float(lat),
            lon=float(lon),
            alt=int(alt),
            tz=int(tz),
            dst=dst,
            tzone=None if tzone == "NA" else tzone,
        )


def planes() -> Iterator[Plane]:
    for tailnum, year, type_, manufacturer, model, engines, seats, speed, engine in read("planes"):
        yield Plane(
            tailnum=tailnum,
            year=number(year),
            type=type_,
            manufacturer=manufacturer,
            model=model,
            engines=int(engines),
            seats=int(seats),
            speed=number(speed),
            engine=engine,
        )


def weather() -> Iterator[Weather]:
    for row in read("weather"):
        (
            origin,
            year,
            month,
            day,
            hour,
            temp,
            dewp,
            humid,
            direction,
            speed,
            gust,
            precip,
            pressure,
            visib,
            at,
        ) = row
        yield Weather(
            origin_id=origin,
            year=int(year),
            month=int(month),
            day=int(day),
            hour=int(hour),
            temp=real(temp),
            dewp=real(dewp),
            humid=real(humid),
            wind_dir=number(direction),
            wind_speed=real(speed),
            wind_gust=real(gust),
            precip=float(precip),
            pressure=real(pressure),
            visib=float(visib),
            time_hour=moment(at),
        )


def flights() -> Iterator[Flight]:
    """Flights with the keys that exist: the planes, airports and hours of weather loaded before them."""
    known_planes = set(Plane.objects.values_list("tailnum", flat=True))
    known_airports = set(Airport.objects.values_list("faa", flat=True))
    hours = {(origin, at): key for key, origin, at in Weather.objects.values_list("id", "origin_id", "time_hour")}
    for row in read("flights"):
        year, month, day, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, *rest = row
        arr_delay, carrier, flight, tailnum, origin, dest, air_time, distance, hour, minute, at = rest
        time_hour = moment(at)
        yield Flight(
            year=int(year),
            month=int(month),
            day=int(day),
            dep_time=number(dep_time),
            sched_dep_time=int(sched_dep_time),
            dep_delay=number(dep_delay),
            arr_time=number(arr_time),
            sched_arr_time=int(sched_arr_time),
            arr_delay=number(arr_delay),
            carrier_id=carrier,
            number=int(flight),
            tailnum=None if tailnum == "NA" else tailnum,
            plane_id=tailnum if tailnum in known_planes else None,
            origin_id=origin,
            dest_code=dest,
            dest_id=dest if dest in known_airports else None,
            weather_id=hours.get((origin, time_hour)),
            air_time=number(air_time),
            distance=int(distance),
            hour=int(hour),
            minute=int(minute),
            time_hour=time_hour,
        )


STEPS: tuple[tuple[str, Any, Callable[[], Iterable[Any]]], ...] = (
    ("airlines", Airline, airlines),
    ("airports", Airport, airports),
    ("planes", Plane, planes),
    ("weather", Weather, weather),
    ("flights", Flight, flights),
)


def load(console: Console) -> None:
    """Make the tables anew and fill them, all in one transaction."""
    rowsmith.drop_tables(*ALL)
    rowsmith.create_tables(*ALL)
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, transaction.atomic():
        for name, model, instances in STEPS:
            task = progress.add_task(name, total=ROWS[name])
            for batch in batches(instances()):
                model.objects.bulk_create(batch)
                progress.advance(task, len(batch))


def batches(instances: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(instances)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch
