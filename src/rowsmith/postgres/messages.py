"""Messages: the errors of parts of a value, told as errors of the whole."""

from __future__ import annotations

from rowsmith.exceptions import ValidationError


def about_item(error: ValidationError, prefix: str, code: str, number: int) -> ValidationError:
    """The error of the item with a number: one message for each that it has."""
    messages = []
    for single in error.error_list:
        params = {**(single.params or {}), "nth": number}
        text = single.message % single.params if single.params else single.message
        messages.append(ValidationError(f"{prefix % {'nth': number}} {text}", code=code, params=params))
    return ValidationError(messages)
