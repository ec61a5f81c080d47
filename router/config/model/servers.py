"""Generations of the Langfuse server: 3 keeps a row for each trace, 4 makes a trace of its observations."""

from __future__ import annotations

from typing import Literal

Generation = Literal["v3", "v4"]
Server = Literal["auto", "v3", "v4"]
