"""`python -m examples.search kennedy`: what a search page shows for each text that is given.

    python -m examples.search kennedy "american OR united" "field -municipal" chicgo "los ang"
    DATABASE_URL=postgresql://user:password@host/name python -m examples.search kennedy

Without DATABASE_URL the airports go into a SQLite file in a temporary folder. Whatever the URL, the page is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import rowsmith
from examples.search import page


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.search", description="Search airports and airlines.")
    parser.add_argument("texts", nargs="+", help="what somebody types, one argument for each search")
    parser.add_argument("--typing", action="store_true", help="the last word may not be complete yet")
    parser.add_argument("--json", action="store_true", help="print what is found as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rowsmith.configure(os.environ.get("DATABASE_URL") or f"sqlite:///{Path(folder) / 'search.db'}")
        page.fill()
        answers = {text: list(page.results(text, typing=options.typing)) for text in options.texts}
    if options.json:
        print(json.dumps(answers, indent=1, ensure_ascii=False))
        return
    for text, kinds in answers.items():
        print(f"{text}")
        for kind in kinds:
            alike = ", with words that are spelled alike" if kind["alike"] and kind["count"] else ""
            print(f"  {kind['count']} {kind['kind']}{'' if kind['count'] == 1 else 's'}{alike}")
            for row in kind["rows"]:
                print(f"    {row['code']:4}{row['shown']:50}{row['search_rank']:.5f}")


if __name__ == "__main__":
    main()
