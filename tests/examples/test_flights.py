"""The answers of the flights example, against figures computed from the CSV files without rowsmith."""

from __future__ import annotations

import csv
import io
import json
import lzma
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "examples" / "flights" / "data"


def read(name: str) -> list[dict[str, str]]:
    with lzma.open(DATA / f"{name}.csv.xz") as packed:
        return list(csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8", newline="")))


@pytest.fixture(scope="module")
def files() -> dict[str, list[dict[str, str]]]:
    return {name: read(name) for name in ("airlines", "airports", "planes", "weather", "flights")}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What the example prints, run as a user runs it: load, tour in sync, tour in async."""
    target = tmp_path_factory.mktemp("flights") / "answers.json"
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    if request.param == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    done = subprocess.run(
        [sys.executable, "-m", "examples.flights", "--answers", str(target)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return json.loads(target.read_text(encoding="utf-8"))


def test_the_data_has_the_rows_it_is_known_for(files):
    counts = {name: len(rows) for name, rows in files.items()}
    assert counts == {"airlines": 16, "airports": 1458, "planes": 3322, "weather": 26115, "flights": 336776}


def test_the_mean_departure_delay(answers, files):
    delays = [int(row["dep_delay"]) for row in files["flights"] if row["dep_delay"] != "NA"]
    found = answers["mean_departure_delay"]
    assert found["mean"] == pytest.approx(fmean(delays)) == pytest.approx(12.639070257, abs=1e-9)
    assert found["flights"] == len(delays)
    assert found["worst"] == max(delays)


def test_flights_per_carrier_and_month(answers, files):
    names = {row["carrier"]: row["name"] for row in files["airlines"]}
    expected = Counter((names[row["carrier"]], int(row["month"])) for row in files["flights"])
    found = [
        ((row["carrier__name"], row["month"]), row["flights"])
        for row in answers["flights_per_carrier_and_month"]
    ]
    assert found == sorted(expected.items())


def test_flights_whose_plane_is_unknown(answers, files):
    known = {row["tailnum"] for row in files["planes"]}
    assert answers["unknown_planes"] == sum(row["tailnum"] not in known for row in files["flights"]) == 52_606


def test_the_ten_worst_routes(answers, files):
    delays = defaultdict(list)
    for row in files["flights"]:
        if row["arr_delay"] != "NA":
            delays[row["origin"], row["dest"]].append(int(row["arr_delay"]))
    means = {route: fmean(times) for route, times in delays.items() if len(times) >= 100}
    worst = sorted(means, key=means.__getitem__, reverse=True)[:10]
    found = answers["worst_routes"]
    assert [(row["origin"], row["dest_code"]) for row in found] == worst
    assert [row["mean_delay"] for row in found] == pytest.approx([means[route] for route in worst])
    assert [row["flights"] for row in found] == [len(delays[route]) for route in worst]


def test_the_three_busiest_routes_of_each_airport(answers, files):
    flown = Counter((row["origin"], row["dest"]) for row in files["flights"])
    expected = []
    for origin in sorted({origin for origin, _ in flown}):
        routes = sorted((-flights, dest) for (start, dest), flights in flown.items() if start == origin)
        expected += [
            {"origin": origin, "dest_code": dest, "flights": -flights, "place": place}
            for place, (flights, dest) in enumerate(routes[:3], 1)
        ]
    assert answers["three_busiest_routes_of_each_airport"] == expected


def test_airlines_that_arrive_on_time(answers, files):
    names = {row["carrier"]: row["name"] for row in files["airlines"]}
    delays = defaultdict(list)
    for row in files["flights"]:
        if row["arr_delay"] != "NA":
            delays[row["carrier"]].append(int(row["arr_delay"]))
    shares = {carrier: 100 * sum(d <= 0 for d in found) / len(found) for carrier, found in delays.items()}
    best = sorted(shares, key=lambda carrier: (-round(shares[carrier], 1), carrier))[:5]
    assert [row["carrier"] for row in answers["punctual_airlines"]] == best
    for row in answers["punctual_airlines"]:
        assert row["name"] == names[row["carrier"]]
        assert row["arrivals"] == len(delays[row["carrier"]])
        assert row["share"] == pytest.approx(shares[row["carrier"]], abs=0.051)


def test_flights_joined_to_the_weather_of_their_hour(answers, files):
    visibility = {(row["origin"], row["time_hour"]): float(row["visib"]) for row in files["weather"]}
    flights, delays = Counter(), defaultdict(list)
    for row in files["flights"]:
        seen = visibility.get((row["origin"], row["time_hour"]))
        if seen is not None:
            flights[seen] += 1
            if row["dep_delay"] != "NA":
                delays[seen].append(int(row["dep_delay"]))
    found = answers["delay_by_visibility"]
    assert sum(flights.values()) == 335_220
    assert [(row["weather__visib"], row["flights"]) for row in found] == sorted(flights.items())
    assert [row["mean_delay"] for row in found] == pytest.approx(
        [fmean(delays[seen]) for seen in sorted(flights)]
    )


def test_departures_in_a_storm(answers, files):
    names = {row["carrier"]: row["name"] for row in files["airlines"]}
    storms = {
        (row["origin"], row["time_hour"]): (float(row["wind_gust"]), float(row["precip"]))
        for row in files["weather"]
        if row["wind_gust"] != "NA" and float(row["wind_gust"]) > 50 and float(row["precip"]) > 0
    }
    flown = [
        (*storms[place], names[row["carrier"]], int(row["flight"]), int(row["dep_delay"]))
        for row in files["flights"]
        if (place := (row["origin"], row["time_hour"])) in storms and row["dep_time"] != "NA"
    ]
    flown.sort(key=lambda row: -row[0])  # stable: the order of the file breaks ties
    found = [
        (row["weather.wind_gust"], row["weather.precip"], row["carrier"], row["number"], row["dep_delay"])
        for row in answers["departures_in_a_storm"]
    ]
    assert found == flown[:10]


def test_planes_that_flew_for_more_than_one_airline(answers, files):
    known = {row["tailnum"] for row in files["planes"]}
    airlines = defaultdict(set)
    for row in files["flights"]:
        if row["tailnum"] in known:
            airlines[row["tailnum"]].add(row["carrier"])
    expected = sorted((plane, len(found)) for plane, found in airlines.items() if len(found) > 1)
    assert [(row["tailnum"], row["airlines"]) for row in answers["planes_of_two_airlines"]] == expected
    assert len(expected) == 17


def test_the_days_with_most_cancelled_flights(answers, files):
    cancelled = Counter(
        (int(row["month"]), int(row["day"])) for row in files["flights"] if row["dep_time"] == "NA"
    )
    expected = sorted(cancelled.items(), key=lambda item: (-item[1], item[0]))[:5]
    assert [((row["month"], row["day"]), row["cancelled"]) for row in answers["cancelled_days"]] == expected


def test_flights_that_made_up_an_hour(answers, files):
    names = {row["carrier"]: row["name"] for row in files["airlines"]}
    expected = [
        [row["carrier"], int(row["flight"]), int(row["dep_delay"]), int(row["arr_delay"])]
        for row in files["flights"]
        if "NA" not in (row["dep_delay"], row["arr_delay"])
        and int(row["dep_delay"]) >= 60
        and "jet" not in names[row["carrier"]].lower()
        and int(row["arr_delay"]) <= int(row["dep_delay"]) - 60
    ]
    assert [list(row.values()) for row in answers["made_up_an_hour"]] == expected


def test_airlines_that_never_fly_to_the_pacific(answers, files):
    west = {row["faa"] for row in files["airports"] if float(row["lon"]) <= -115}
    flown = defaultdict(set)
    for row in files["flights"]:
        flown[row["carrier"]].add(row["dest"])
    expected = sorted(
        (row["name"], row["carrier"])
        for row in files["airlines"]
        if not flown[row["carrier"]] & west
    )
    assert [(row["name"], row["carrier"]) for row in answers["never_to_the_pacific"]] == expected


def test_prefetched_flights_of_new_years_day(answers, files):
    flown = defaultdict(list)
    for row in files["flights"]:
        if row["month"] == row["day"] == "1":
            flown[row["carrier"]].append(f"{row['carrier']} {row['flight']} {row['origin']}-{row['dest']}")
    names = {row["carrier"]: row["name"] for row in files["airlines"]}
    found = {row["name"]: row["new_year"] for row in answers["new_years_day"]}
    assert found == {names[carrier]: ", ".join(flown[carrier]) for carrier in ("AS", "F9", "HA")}


def test_a_transaction_rolled_back_keeps_nothing(answers, files):
    renamed = sum(row["name"].endswith("Inc.") for row in files["airlines"])
    assert answers["rename_and_regret"] == {"renamed": renamed, "still Acme": 0}
