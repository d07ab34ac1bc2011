"""Processes killed in the middle of transfers leave whole transfers only, and no `on_commit` without its commit.

200 processes are killed on each database; ROWSMITH_TEST_KILLS sets another number.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from rowsmith.models import Count, Sum
from tests.faults.transfers import ACCOUNTS, MODELS, Account, Entry, Transfer

KILLS = int(os.environ.get("ROWSMITH_TEST_KILLS", "200"))

pytestmark = [
    pytest.mark.plain,
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here"),
]


def url_of(connection):
    settings = connection.settings
    if settings.engine == "sqlite":
        return f"sqlite:///{settings.name}?timeout=60"
    return f"postgresql://{settings.user}@{settings.host}:{settings.port}/{settings.name}"


def wait_until_alone(connection):
    """Until the server has noticed that the killed processes are gone."""
    while connection.vendor == "postgresql" and connection.fetch(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend' AND state <> 'idle'",
        (),
        list,
    ):
        time.sleep(0.01)


@pytest.mark.feature("T-007", "T-026")
def test_killed_transfers_are_whole_or_have_not_happened(database, tables, tmp_path):
    tables(*MODELS)
    Account.objects.bulk_create([Account(balance=1000) for _ in range(ACCOUNTS)])
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    journal = tmp_path / "journal"
    program = f"from tests.faults.transfers import main; main({url_of(database)!r}, {str(journal)!r}, {KILLS}, {seed})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    wait_until_alone(database)

    transfers = Transfer.objects.count()
    print(f"{transfers} transfers")
    assert transfers > KILLS  # they did work
    assert Account.objects.aggregate(total=Sum("balance"))["total"] == 1000 * ACCOUNTS
    for account in Account.objects.annotate(moved=Sum("entry__amount", default=0)):
        assert account.balance == 1000 + account.moved
    halves = Transfer.objects.annotate(entries=Count("entry"), sum=Sum("entry__amount")).exclude(entries=2, sum=0)
    assert list(halves) == []
    assert Entry.objects.count() == 2 * transfers
    noted = journal.read_text().split()
    assert len(noted) == len(set(noted))
    kept = {str(key) for key in Transfer.objects.values_list("key", flat=True)}
    assert set(noted) <= kept
    # Killed between the commit and the call: there are few of those, not many.
    assert len(kept) - len(noted) <= KILLS * 3
    if database.vendor == "sqlite":
        assert database.fetch("PRAGMA integrity_check", (), list) == [("ok",)]
