"""Calls that outlive their process: masked, encoded spans in append-only files, until Langfuse has them."""

from router.delivery.spool.segment import Place, Run, Segment
from router.delivery.spool.spool import Spool

__all__ = ["Place", "Run", "Segment", "Spool"]
