"""Many threads on few connections, and processes that fork while connections are open."""

from __future__ import annotations

import os
import random
import threading

import pytest

from rowsmith import config, transaction
from rowsmith.db import connections

feature = pytest.mark.feature


@pytest.mark.plain
@pytest.mark.slow
@feature("CF-010", "AS-014")
def test_many_threads_share_few_connections(database):
    config.configure({"default": {**connections.settings["default"], "POOL": {"max_size": 3, "timeout": 30}}})
    connection = connections["default"]
    errors = []
    barrier = threading.Barrier(16)

    def work(seed):
        dice = random.Random(seed)
        barrier.wait(10)
        try:
            for number in range(150):
                kind = dice.randrange(3)
                if kind == 0:
                    assert connection.fetch("SELECT 1", (), list) == [(1,)]
                elif kind == 1 and number % 10 == 0:
                    with transaction.atomic():
                        assert connection.fetch("SELECT 2", (), list) == [(2,)]
                else:
                    assert list(connection.stream("SELECT 3", (), 10)) == [[(3,)]]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    figures = connection.figures
    assert figures.in_use == figures.waiting == figures.timeouts == 0
    assert figures.size == figures.idle <= 3


@pytest.mark.plain
@pytest.mark.only("postgresql")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_forked_process_opens_connections_of_its_own(database):
    def backend():
        return database.fetch("SELECT pg_backend_pid()", (), list)[0][0]

    own = backend()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(backend()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        theirs = int(answer.read())
    os.waitpid(child, 0)
    assert theirs != own
    assert backend() == own


@pytest.mark.plain
@feature("CF-004")
def test_statements_can_be_echoed(database, capsys):
    config.configure({"default": connections.settings["default"]}, echo=True)
    connections["default"].fetch("SELECT 'echoed'", (), list)
    shown = capsys.readouterr().err
    assert "[default]" in shown and "SELECT 'echoed'" in shown
