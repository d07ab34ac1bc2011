"""Instances are as plain as Python makes them, so that reading and storing their columns runs at full speed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rowsmith import models


class Sheet(models.Model):
    first = models.IntegerField()
    second = models.IntegerField()

    class Meta:
        app_label = "plain"


def test_no_model_class_comes_between_an_instance_and_its_attributes():
    for base in Sheet.__mro__[:-1]:
        assert "__setattr__" not in base.__dict__
        assert "__delattr__" not in base.__dict__
        assert "__getattribute__" not in base.__dict__
        assert sys.version_info >= (3, 12) or "__getattr__" not in base.__dict__


SPECIALISED = """
import dis
from rowsmith import models

class Sheet(models.Model):
    first = models.IntegerField()
    second = models.IntegerField()

new = Sheet.__new__

def store():
    for number in range(500):
        sheet = new(Sheet)
        sheet.first = number
        sheet.second = number

store()
print(*[i.opname for i in dis.get_instructions(store, adaptive=True) if i.opname.startswith("STORE_ATTR")])
"""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="looks at CPython's own specialisation")
def test_the_interpreter_specialises_stores_of_columns():
    # In a process of its own: CPython gives up on a class that was changed a thousand times, and the tests that run in
    # both worlds swap methods of the model's bases each time.
    done = subprocess.run([sys.executable, "-c", SPECIALISED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["STORE_ATTR_INSTANCE_VALUE"] * 2
