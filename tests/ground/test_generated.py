"""Generated functions: text made into a function whose lines tracebacks and debuggers can show."""

from __future__ import annotations

import gc
import linecache
import traceback

from rowsmith.generated import define


def test_the_function_sees_the_names_it_was_given():
    assert define("add", "def add(x): return x + one\n", {"one": 1}, "sum")(2) == 3


def test_a_traceback_shows_the_line_that_failed():
    divide = define("divide", "def divide(x):\n    return 1 / x  # by hand\n", {}, "quotient of Book")
    try:
        divide(0)
    except ZeroDivisionError:
        shown = traceback.format_exc()
    assert "<rowsmith quotient of Book, number " in shown
    assert "return 1 / x  # by hand" in shown


def test_the_lines_go_with_the_function():
    function = define("nothing", "def nothing(): pass\n", {}, "nothing")
    filename = function.__code__.co_filename
    assert filename in linecache.cache
    del function
    gc.collect()
    assert filename not in linecache.cache
