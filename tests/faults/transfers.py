"""A program that moves money between accounts until it is killed, for a process of its own to run.

Each process is forked, works in one of several ways, and is
killed by SIGKILL at a random moment. What `on_commit` is called for goes to the journal, one line a transfer.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
import uuid

import rowsmith
from rowsmith import models, transaction
from rowsmith.models import F

ACCOUNTS = 6
WORKERS = 3


class Account(models.Model):
    balance = models.IntegerField()


class Transfer(models.Model):
    key = models.UUIDField(primary_key=True)


class Entry(models.Model):
    transfer = models.ForeignKey(Transfer, models.CASCADE)
    account = models.ForeignKey(Account, models.CASCADE)
    amount = models.IntegerField()


MODELS = (Account, Transfer, Entry)


def note(journal: int, key: uuid.UUID) -> None:
    os.write(journal, f"{key}\n".encode())  # one write, so that lines of several processes do not mix


def transfer(journal: int, dice: random.Random) -> None:
    source, target = dice.sample(range(1, ACCOUNTS + 1), 2)
    amount = dice.randint(1, 50)
    key = uuid.uuid4()
    with transaction.atomic():
        transaction.on_commit(lambda: note(journal, key))
        Transfer.objects.create(key=key)
        with transaction.atomic():
            Account.objects.filter(pk=source).update(balance=F("balance") - amount)
            Entry.objects.create(transfer_id=key, account_id=source, amount=-amount)
        account = Account.objects.select_for_update().get(pk=target)
        account.balance += amount
        account.save()
        Entry.objects.create(transfer_id=key, account_id=target, amount=amount)


async def atransfer(journal: int, dice: random.Random) -> None:
    source, target = dice.sample(range(1, ACCOUNTS + 1), 2)
    amount = dice.randint(1, 50)
    key = uuid.uuid4()
    async with transaction.atomic():
        transaction.on_commit(lambda: note(journal, key))
        await Transfer.objects.acreate(key=key)
        async with transaction.atomic():
            await Account.objects.filter(pk=source).aupdate(balance=F("balance") - amount)
            await Entry.objects.acreate(transfer_id=key, account_id=source, amount=-amount)
        account = await Account.objects.select_for_update().aget(pk=target)
        account.balance += amount
        await account.asave()
        await Entry.objects.acreate(transfer_id=key, account_id=target, amount=amount)


def work_in_threads(journal: int, seed: int) -> None:
    def work(number: int) -> None:
        dice = random.Random(seed + number)
        while True:
            transaction.run(transfer, journal, dice, retries=1000)

    for number in range(WORKERS):
        threading.Thread(target=work, args=(number,), daemon=True).start()
    time.sleep(60)


def work_in_tasks(journal: int, seed: int) -> None:
    async def work(number: int) -> None:
        dice = random.Random(seed + number)
        while True:
            await transaction.arun(atransfer, journal, dice, retries=1000)

    async def main() -> None:
        await asyncio.gather(*[work(number) for number in range(WORKERS)])

    asyncio.run(main())


def main(url: str, journal_path: str, kills: int, seed: int) -> None:
    """Fork, work and kill, `kills` times."""
    dice = random.Random(seed)
    rowsmith.configure(url)
    rowsmith.connections["default"]  # imports the driver, which takes longer than most processes live
    journal = os.open(journal_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(kills):
        child = os.fork()
        if child == 0:
            (work_in_tasks if number % 2 else work_in_threads)(journal, dice.randrange(2**32) + number)
            os._exit(3)
        # Opening connections takes its time too, and is a moment to be killed in as good as any.
        time.sleep(dice.uniform(0.005, 0.08))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WTERMSIG(status) != signal.SIGKILL:
            raise SystemExit(f"The process ended by itself, with {status}.")

