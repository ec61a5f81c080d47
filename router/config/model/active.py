"""`active:`: when a rule or overlay applies."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Discriminator, Field, Strict, Tag, model_validator
from pydantic_core import PydanticCustomError

from router.config.model.base import Model

_Times = Annotated[
    Annotated[str, Tag("@one")] | Annotated[list[str], Field(min_length=1), Strict(False), Tag("@texts")],
    Discriminator(lambda value: "@one" if isinstance(value, str) else "@texts"),
]


class Active(Model):
    """Times in which a rule or overlay applies; the start of the call counts. All that is given must hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    from_: str | None = Field(default=None, alias="from")
    """First moment: `2026-12-01`, `2026-12-01T09:30`, or with an offset of its own `2026-12-01T09:30+01:00`."""
    until: str | None = None
    """First moment that is out again; a date alone is the beginning of that day."""
    days: _Times | None = None
    """Days of the week: `mon-fri`, `[sat, sun]`."""
    hours: _Times | None = None
    """Times of the day, the end excluded: `09:00-17:00`. What ends before it begins ends on the next day, and is part
    of the day on which it began."""
    zone: str = "UTC"
    """IANA name of the time zone of all these: `Europe/Berlin`. A time that its clocks skip counts as that much later,
    one that they show twice as the first of the two; hours hold both times."""

    @model_validator(mode="after")
    def _has_time(self) -> Active:
        if not self.model_fields_set - {"zone"}:
            raise PydanticCustomError("no_time", "no time given")
        return self

    def day_texts(self) -> tuple[str, ...]:
        """Return what `days` lists."""
        return (self.days,) if isinstance(self.days, str) else tuple(self.days or ())

    def hour_texts(self) -> tuple[str, ...]:
        """Return what `hours` lists."""
        return (self.hours,) if isinstance(self.hours, str) else tuple(self.hours or ())
