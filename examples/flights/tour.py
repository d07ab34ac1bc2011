"""The tour: fourteen questions about the flights, each asked in sync and in async.

A stop is one function, and what is printed is that function's own source. It returns a queryset, or, for a
question that is answered by one call, is followed by its awaitable twin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from examples.flights.models import Airline, Airport, Flight, Plane
from rowsmith import transaction
from rowsmith.models import Avg, Count, F, Max, OuterRef, Prefetch, Q, Subquery, Window
from rowsmith.models.functions import Rank, Round


@dataclass(frozen=True)
class Stop:
    """`ask` returns a queryset, or the answer itself when there is a twin to await."""

    title: str
    ask: Callable[[], Any]
    twin: Callable[[], Awaitable[Any]] | None = None
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.ask.__name__


def mean_departure_delay():
    return Flight.objects.aggregate(mean=Avg("dep_delay"), flights=Count("dep_delay"), worst=Max("dep_delay"))


async def mean_departure_delay_async():
    return await Flight.objects.aaggregate(mean=Avg("dep_delay"), flights=Count("dep_delay"), worst=Max("dep_delay"))


def flights_per_carrier_and_month():
    return (
        Flight.objects.values("carrier__name", "month").annotate(flights=Count("id")).order_by("carrier__name", "month")
    )


def unknown_planes():
    return Flight.objects.filter(plane__isnull=True).count()


async def unknown_planes_async():
    return await Flight.objects.filter(plane__isnull=True).acount()


def worst_routes():
    return (
        Flight.objects.filter(arr_delay__isnull=False)
        .values("origin", "dest_code")
        .annotate(flights=Count("id"), mean_delay=Avg("arr_delay"))
        .filter(flights__gte=100)
        .order_by("-mean_delay")[:10]
    )


def three_busiest_routes_of_each_airport():
    place = Window(Rank(), partition_by="origin", order_by=["-flights", "dest_code"])
    return (
        Flight.objects.values("origin", "dest_code")
        .annotate(flights=Count("id"), place=place)
        .filter(place__lte=3)
        .order_by("origin", "place")
    )


def punctual_airlines():
    early = Count("id", filter=Q(arr_delay__lte=0))
    return (
        Airline.objects.annotate(
            arrivals=Subquery(
                Flight.objects.filter(carrier=OuterRef("pk"), arr_delay__isnull=False)
                .order_by()
                .values("carrier")
                .annotate(n=Count("id"))
                .values("n")
            ),
            on_time=Subquery(
                Flight.objects.filter(carrier=OuterRef("pk")).order_by().values("carrier").annotate(n=early).values("n")
            ),
        )
        .annotate(share=Round(F("on_time") * 100.0 / F("arrivals"), precision=1))
        .order_by("-share", "carrier")[:5]
    )


def delay_by_visibility():
    return (
        Flight.objects.filter(weather__isnull=False)
        .values("weather__visib")
        .annotate(flights=Count("id"), mean_delay=Avg("dep_delay"))
        .order_by("weather__visib")
    )


def departures_in_a_storm():
    return (
        Flight.objects.select_related("weather", "carrier", "plane", "dest")
        .filter(weather__wind_gust__gt=50, weather__precip__gt=0, dep_time__isnull=False)
        .order_by("-weather__wind_gust", "id")[:10]
    )


def planes_of_two_airlines():
    return (
        Plane.objects.annotate(airlines=Count("flights__carrier", distinct=True))
        .filter(airlines__gt=1)
        .order_by("tailnum")
    )


def cancelled_days():
    return (
        Flight.objects.filter(dep_time=None)
        .values("month", "day")
        .annotate(cancelled=Count("id"))
        .order_by("-cancelled", "month", "day")[:5]
    )


def made_up_an_hour():
    late = Q(dep_delay__gte=60) & ~Q(carrier__name__icontains="jet")
    return (
        Flight.objects.filter(late, arr_delay__lte=F("dep_delay") - 60)
        .order_by("id")
        .values_list("carrier", "number", "dep_delay", "arr_delay", named=True)
    )


def never_to_the_pacific():
    pacific = Airport.objects.filter(lon__lte=-115)
    return Airline.objects.exclude(flights__dest__in=pacific).order_by("name")


def new_years_day():
    first_day = Flight.objects.filter(month=1, day=1).select_related("plane").order_by("id")
    return Airline.objects.filter(carrier__in=["AS", "HA", "F9"]).prefetch_related(
        Prefetch("flights", queryset=first_day, to_attr="new_year")
    )


def rename_and_regret():
    with transaction.atomic():
        changed = Airline.objects.filter(name__endswith="Inc.").update(name="Acme")
        transaction.set_rollback(True)
    return {"renamed": changed, "still Acme": Airline.objects.filter(name="Acme").count()}


async def rename_and_regret_async():
    async with transaction.atomic():
        changed = await Airline.objects.filter(name__endswith="Inc.").aupdate(name="Acme")
        transaction.set_rollback(True)
    return {"renamed": changed, "still Acme": await Airline.objects.filter(name="Acme").acount()}


STOPS = (
    Stop("How late do flights leave?", mean_departure_delay, mean_departure_delay_async),
    Stop("How many flights has each airline, month by month?", flights_per_carrier_and_month),
    Stop("How many flights were flown by a plane nobody registered?", unknown_planes, unknown_planes_async),
    Stop("Which ten routes arrive latest, of those with at least 100 arrivals?", worst_routes),
    Stop(
        "Which three routes are flown most often from each airport? A rank of groups",
        three_busiest_routes_of_each_airport,
    ),
    Stop(
        "Which airlines arrive on time? Subqueries, and a share computed from them",
        punctual_airlines,
        columns=("carrier", "name", "arrivals", "on_time", "share"),
    ),
    Stop("Does fog delay departures? Flights beside the weather of their hour", delay_by_visibility),
    Stop(
        "Who took off in a storm?",
        departures_in_a_storm,
        columns=("carrier", "number", "dest", "plane", "dep_delay", "weather.wind_gust", "weather.precip"),
    ),
    Stop(
        "Which planes flew for more than one airline?",
        planes_of_two_airlines,
        columns=("tailnum", "manufacturer", "model", "seats", "airlines"),
    ),
    Stop("On which days were most flights cancelled?", cancelled_days),
    Stop("Who left an hour late and made it all up in the air?", made_up_an_hour),
    Stop("Which airlines never fly to the Pacific?", never_to_the_pacific, columns=("carrier", "name")),
    Stop(
        "What did three small airlines fly on New Year's Day?",
        new_years_day,
        columns=("name", "new_year"),
    ),
    Stop("What if we rename airlines, and think better of it?", rename_and_regret, rename_and_regret_async),
)


def answer(stop: Stop) -> Any:
    """The answer of a stop: a list of rows, or what its one call returned."""
    asked = stop.ask()
    return asked if stop.twin is not None else list(asked)


async def aanswer(stop: Stop) -> Any:
    """The same, awaited."""
    if stop.twin is not None:
        return await stop.twin()
    return [row async for row in stop.ask()]


def plain(stop: Stop, found: Any) -> Any:
    """An answer as lists and dictionaries of plain values, for comparing and for JSON."""
    if isinstance(found, list):
        return [row_of(stop, row) for row in found]
    return found


def row_of(stop: Stop, row: Any) -> dict[str, Any]:
    if isinstance(row, dict):
        return row
    if hasattr(row, "_asdict"):
        return row._asdict()
    return {column: shown(row, column) for column in stop.columns}


def shown(instance: Any, column: str) -> Any:
    """An attribute, through dots, as something to print."""
    value = instance
    for part in column.split("."):
        value = getattr(value, part)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if value is None or isinstance(value, (int, float, str)) else str(value)
