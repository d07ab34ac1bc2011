"""What checkers know of managers is what managers take over from querysets."""

from __future__ import annotations

from pathlib import Path

from rowsmith.cli.stubs.signatures import manager_methods
from rowsmith.queryset import manager

WRITTEN = Path(manager.__file__).with_name("manager_methods.pyi")


def test_the_stub_of_managers_is_up_to_date():
    assert WRITTEN.read_text() == manager_methods(), (
        "write it anew: python -m rowsmith.cli.stubs.signatures > src/rowsmith/queryset/manager_methods.pyi"
    )
