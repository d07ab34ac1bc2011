"""What stubs tell of keys of several columns and of computed columns."""

from __future__ import annotations

import decimal
from typing import assert_type

from orders.models import Line, Order, Tenant


def orders(order: Order, line: Line, tenant: Tenant) -> None:
    assert_type(order.tenant, Tenant)
    assert_type(order.number, int)
    assert_type(order.gross, decimal.Decimal)
    assert_type(line.order, Order)
    assert_type(line.order_id, tuple[int, int])
    assert_type(order.lines.get(amount=3), Line)
    assert_type(tenant.order_set.get(number=3), Order)
    assert_type(Order.objects.get(pk=(1, 2)), Order)
    assert_type(line.tags.get(number=3), Order)
    Order.objects.filter(pk__in=[(1, 2)], gross__gt=3, lines__amount=3).order_by("pk", "-gross")
    Line.objects.filter(order=order, order__number=3, order__in=[order, (1, 2)], order_id=(1, 2))
    Order.objects.create(tenant=tenant, number=3, net=5)
    Line.objects.create(order=order, amount=3)
    Order.objects.filter(gros=3)  # wrong
    Order.objects.filter(gross__gt=[])  # wrong
    Order.objects.filter(pk=3)  # wrong
    Line.objects.filter(order__nummer=3)  # wrong
    Order.objects.create(gross=3)  # wrong
    order.lines.filter(amout=3)  # wrong
