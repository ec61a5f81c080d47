"""What a reader of texts inside a file raises: a template, a CSV file."""

from __future__ import annotations


class TextError(ValueError):
    """The text cannot be read. `start` and `end` are offsets into it; `hint` is the way out."""

    def __init__(self, message: str, start: int, end: int, hint: str) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hint = hint
