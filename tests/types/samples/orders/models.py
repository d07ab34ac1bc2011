"""Orders of many tenants."""

from __future__ import annotations

from rowsmith import models
from rowsmith.models import F


class Tenant(models.Model):
    name = models.CharField(max_length=40)


class Order(models.Model):
    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    number = models.IntegerField()
    net = models.DecimalField(max_digits=8, decimal_places=2)
    gross = models.GeneratedField(
        expression=F("net") * 2,
        output_field=models.DecimalField(max_digits=8, decimal_places=2),
        db_persist=True,
    )


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    amount = models.IntegerField()
    tags = models.ManyToManyField(Order, related_name="tagged")
