"""What becomes of a call on the worker's thread: its record, its plan, and for each project masked bytes to be sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from router.delivery import Counters, DropReason, Sender, TraceMemory, call_pieces, trace_state
from router.delivery.counters import account_of
from router.delivery.notices import Notices
from router.masking import Recalled, breath, seal
from router.reload import Configuration
from router.routing.plan import Plan
from router.routing.record import CallRecord

Job = Callable[[], CallRecord]

_WHY_NOT_USED = {
    "credentials": "they are no pair of keys, or overrides does not allow them",
    "credentials.host": "their host cannot be used, or overrides does not allow it",
}


class CallProcessor:
    """Resolves, masks, encodes and hands over; what one call breaks stops no other."""

    def __init__(
        self, configuration: Callable[[], Configuration], sender: Sender, counters: Counters, notices: Notices
    ) -> None:
        """`configuration` gives the one in use, `notices` is where lost calls are told."""
        self._configuration = configuration
        self._sender = sender
        self._counters = counters
        self._notices = notices
        self._advice = Notices()  # apart, because what requests ask for makes no router ill
        self._traces = TraceMemory()
        self._breathe = breath()

    def process(self, job: Job) -> None:
        """Do all of it for one call; raises nothing."""
        reason: DropReason = "adapter_failed"
        try:
            record = job()
            reason = "resolve_failed"
            configuration = self._configuration()  # once: a reload may replace it meanwhile
            started = time.perf_counter()
            plan = configuration.table.resolve(record)
        except BaseException as error:  # noqa: BLE001 - the boundary of the worker: one bad call stops no other
            self.drop(None, reason, error)
            return
        self._counters.decided(plan, time.perf_counter() - started)
        self._tell_denied(plan)
        if plan.drop is not None:
            self._counters.dropped(None, plan.drop)
            return
        self._counters.route(plan.route)
        for project in plan.route:
            self._deliver(record, plan, project, configuration)

    def _deliver(self, record: CallRecord, plan: Plan, project: str, configuration: Configuration) -> None:
        try:
            ad_hoc = plan.ad_hoc if plan.ad_hoc is not None and plan.ad_hoc.name == project else None
            target = ad_hoc or configuration.loaded.projects[project]
            policies = configuration.policies
            server = self._sender.server_of(target)
            constants = {"environment": target.environment, "release": target.release}
            masked, call = seal(
                record,
                plan,
                project,
                policies,
                lambda masked: call_pieces(masked, target, server),
                lambda trace_id: Recalled(self._traces.recall(target, trace_id), constants),
                self._breathe,
            )
            if masked.masked or masked.failures:
                self._counters.masked(project, masked.masked, masked.failures)
                self._tell_mask_failed(project, masked.failures)
            if masked.drop:
                self._counters.dropped(project, "mask_failed")
            else:
                says_nothing = masked.withheld and masked.continues_trace
                if plan.ids.trace_id is not None and not says_nothing:  # an id that was never named nobody continues
                    self._traces.remember(target, masked.trace_id, trace_state(masked, target, server))
                self._sender.send(ad_hoc or project, call)  # last: from here on it counts the call
        except BaseException as error:  # noqa: BLE001 - the same boundary, per project
            self.drop(project, "encode_failed", error)

    def drop(self, project: str | None, reason: DropReason, error: BaseException) -> None:
        """Count a call that an error lost, and tell the class of the error alone: its text may quote the call."""
        self._counters.dropped(project, reason)
        cause = type(error).__name__
        self._notices.say(
            account_of(project or ""), f"{reason} {cause}", logging.ERROR, "Calls are dropped (%s): %s.", reason, cause
        )

    def _tell_denied(self, plan: Plan) -> None:
        for key in plan.denied if plan.drop is None else ():
            if (why := _WHY_NOT_USED.get(key)) is not None:
                text = "Langfuse credentials that calls bring are not used (%s): %s."
                self._advice.say("", f"denied {key}", logging.WARNING, text, key, why)

    def _tell_mask_failed(self, project: str, masks: tuple[str, ...]) -> None:
        for name in masks:
            self._notices.say(
                account_of(project),
                f"mask_failed {name}",
                logging.ERROR,
                "Mask %s failed on a call for project %s; what it guards was withheld.",
                name,
                project,
            )
