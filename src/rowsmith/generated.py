"""Generated functions: text made into a function whose lines tracebacks and debuggers can show."""

from __future__ import annotations

import linecache
import weakref
from itertools import count
from typing import Any

_serial = count(1)


def define(name: str, text: str, names: dict[str, Any], about: str) -> Any:
    """The function called `name` that `text` defines.

    names:  what the text refers to; becomes the function's globals.
    about:  what the function is for, in the file name that a traceback gives it.
    """
    filename = f"<rowsmith {about}, number {next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), names)
    # Taken out of its own globals, so that it goes with the last reference to it, and its lines go with it.
    function = names.pop(name)
    weakref.finalize(function, linecache.cache.pop, filename, None).atexit = False
    return function
