"""`- mount:` in `rules:`, the place where files of teams are evaluated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from router.config.model.base import Model
from router.config.model.matching import Match

TeamSection = Literal["rules", "tests", "masks", "overlays", "projects"]
"""What a team file may carry when its mount allows it."""


class Mount(Model):
    """A place in `rules:` where the files of teams are evaluated, each fenced in by a scope."""

    mount: Annotated[str, Field(min_length=1)]
    """Pattern of the files, for example `teams/*.yaml`; a relative one starts at the folder of this file. They are
    evaluated here, in the order of their names. Their entries are called `<stem>/<id>`."""
    scope: Match
    """Conditions that hold for every rule and overlay of a file besides its own. `{stem}` stands for the name of the
    file without its ending, `{folder}` for that of its folder: `{team: "{stem}"}`."""
    allow: Annotated[list[TeamSection], Field(min_length=1), Strict(False)] = ["rules", "tests"]
    """What a file may carry. `projects` and `masks` let whoever writes the file name any variable or
    file of this process as a key: allow them only to people who may know every secret here. The projects must lie on
    hosts that this file names (those of `defaults` and of its own projects)."""
    on_error: Literal["fail", "quarantine"] = "fail"
    """What a broken file does: `fail` stops the whole load; `quarantine` leaves the file out, and hides the content
    of the calls in its scope when the file could have hidden something."""
    description: str | None = None
    """For people."""
