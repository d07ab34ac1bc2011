"""The models: five tables, joined by real foreign keys wherever the data allows one."""

from __future__ import annotations

from rowsmith import models


class Airline(models.Model):
    carrier = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class Airport(models.Model):
    faa = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=60)
    lat = models.FloatField()
    lon = models.FloatField()
    alt = models.IntegerField(help_text="feet")
    tz = models.IntegerField(help_text="hours from UTC")
    dst = models.CharField(max_length=1)
    tzone = models.CharField(max_length=30, null=True)

    def __str__(self) -> str:
        return self.name


class Plane(models.Model):
    tailnum = models.CharField(max_length=6, primary_key=True)
    year = models.IntegerField(null=True)
    type = models.CharField(max_length=30)
    manufacturer = models.CharField(max_length=40)
    model = models.CharField(max_length=30)
    engines = models.IntegerField()
    seats = models.IntegerField()
    speed = models.IntegerField(null=True)
    engine = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.tailnum


class Weather(models.Model):
    """One hour at one of the three airports. Local time repeats an hour in November, `time_hour` does not."""

    origin = models.ForeignKey(Airport, on_delete=models.CASCADE)
    year = models.IntegerField()
    month = models.IntegerField()
    day = models.IntegerField()
    hour = models.IntegerField()
    temp = models.FloatField(null=True)
    dewp = models.FloatField(null=True)
    humid = models.FloatField(null=True)
    wind_dir = models.IntegerField(null=True)
    wind_speed = models.FloatField(null=True)
    wind_gust = models.FloatField(null=True)
    precip = models.FloatField()
    pressure = models.FloatField(null=True)
    visib = models.FloatField(help_text="miles, 10 at most")
    time_hour = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["origin", "time_hour"], name="one_weather_an_hour")]


class Flight(models.Model):
    """One flight. A cancelled one has no times; delays are in minutes, an early flight's is negative.

    Some planes and four destinations are in no table: their codes stay in `tailnum` and `dest_code`, and the
    foreign key beside them is null. `weather` is that of the origin in the hour of scheduled departure.
    """

    year = models.IntegerField()
    month = models.IntegerField()
    day = models.IntegerField()
    dep_time = models.IntegerField(null=True, help_text="local time as hhmm")
    sched_dep_time = models.IntegerField()
    dep_delay = models.IntegerField(null=True)
    arr_time = models.IntegerField(null=True)
    sched_arr_time = models.IntegerField()
    arr_delay = models.IntegerField(null=True)
    carrier = models.ForeignKey(Airline, on_delete=models.PROTECT, related_name="flights")
    number = models.IntegerField()
    tailnum = models.CharField(max_length=6, null=True)
    plane = models.ForeignKey(Plane, null=True, on_delete=models.SET_NULL, related_name="flights")
    origin = models.ForeignKey(Airport, on_delete=models.PROTECT, related_name="departures")
    dest_code = models.CharField(max_length=3)
    dest = models.ForeignKey(Airport, null=True, on_delete=models.SET_NULL, related_name="arrivals")
    weather = models.ForeignKey(Weather, null=True, on_delete=models.SET_NULL, related_name="flights")
    air_time = models.IntegerField(null=True)
    distance = models.IntegerField(help_text="miles")
    hour = models.IntegerField()
    minute = models.IntegerField()
    time_hour = models.DateTimeField()

    # For type checkers: the columns behind the foreign keys.
    carrier_id: str
    origin_id: str

    def __str__(self) -> str:
        return f"{self.carrier_id} {self.number} {self.origin_id}-{self.dest_code}"


ALL = (Airline, Airport, Plane, Weather, Flight)
