"""The solver process: one run, then gone. Start with ``python -m engine.worker`` or by calling :func:`main`.

Standard input and output carry ``engine.messages`` and nothing else: whatever a library prints goes to standard error,
also from C. The process ends when its input ends, so it never outlives the application, whatever becomes of that.
Heavy modules are imported after ``hello``, so that the application knows within a moment that the start worked.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, BinaryIO, Final

from engine.errors import ErrorCode, TaktwerkError
from engine.protocol import hello_line

if TYPE_CHECKING:
    from engine.messages import Explained, Failed, Result, Solve, Task
    from engine.model import OptimizationRequest
    from engine.outbox import Outbox
    from engine.solve.report import Outcome

EXIT_DONE: Final = 0
EXIT_INPUT_ENDED: Final = 3
EXIT_BAD_INPUT: Final = 5
EXIT_OUT_OF_MEMORY: Final = 6

_MIB: Final = 1 << 20
_MEMORY_CHECK_S: Final = 0.1
_SHORTEST_BUDGET_S: Final = 0.05
_PRELOAD_AFTER_S: Final = 0.3
_log = logging.getLogger("taktwerk.worker")


def main() -> int:
    """Run the worker on this process's standard input and output. Does not return before the last message is sent."""
    stream = _take_over_stdout()
    stream.write(hello_line())
    stream.flush()
    said_hello_at = time.monotonic()
    _die_with_parent()
    if sys.stderr is not None:  # a windowed program has none
        faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    from engine.messages import Failed
    from engine.outbox import Outbox

    outbox = Outbox(stream)
    inbox = _Inbox(os.fdopen(0, "rb", closefd=False), outbox, said_hello_at)
    try:
        _work(inbox, outbox)
    except MemoryError:
        outbox.finish(_out_of_memory(inbox.memory_limit))
    except TaktwerkError as error:
        outbox.finish(Failed(code=error.code, message=error.message, details=error.details))
    except BaseException as error:
        _log.exception("the solver failed")
        outbox.finish(_internal_error(error))
    logging.shutdown()
    os._exit(EXIT_DONE)  # search threads may still run; nothing is left that needs an orderly end


def _work(inbox: _Inbox, outbox: Outbox) -> None:
    from engine.metrics import SCALE, objective_name
    from engine.solve import engine as solver
    from engine.validate import read_checked_request
    from engine.validation.reading import uncollected

    if not inbox.has_request(_PRELOAD_AFTER_S):
        from engine.solve.searches.warm import preload

        preload()
    header, payload = inbox.wait_for_request()
    outbox.phase("Reading the schedule", 0)
    with uncollected():
        request = read_checked_request(payload)
        gc.freeze()  # the collector need not look through it for the rest of the run
    del payload
    inbox.memory_limit = request.options.memory_limit
    if request.options.memory_limit is not None:
        _limit_memory(request.options.memory_limit, outbox)
    outbox.measure_in(SCALE[objective_name(request)])
    end_ms = header.elapsed_ms + header.budget_ms
    request = _within_budget(request, (end_ms - outbox.elapsed_ms()) / 1000)
    if header.task != "optimize":
        outbox.finish(*_explained(header.task, request, outbox, inbox))
        return
    outcome = solver.solve(request, outbox, inbox.stop_flag)
    was_stopped = inbox.stop_flag.stopped and outbox.elapsed_ms() < end_ms
    outbox.finish(*_last_message(outcome, outbox, was_stopped))


def _explained(task: Task, request: OptimizationRequest, outbox: Outbox, inbox: _Inbox) -> tuple[Explained, bytes]:
    """Carry out a task other than optimising; the answer is JSON."""
    from engine.messages import Explained
    from engine.solve.tasks import carry_out

    answer = json.dumps(carry_out(task, request, outbox, inbox.stop_flag), allow_nan=False).encode()
    return Explained(elapsed_ms=outbox.elapsed_ms(), payload_bytes=len(answer)), answer


def _within_budget(request: OptimizationRequest, budget_s: float) -> OptimizationRequest:
    """Give the solver what is left of the run's time: starting and reading count too."""
    time_limit = min(request.options.time_limit, max(_SHORTEST_BUDGET_S, budget_s))
    return request.model_copy(update={"options": request.options.model_copy(update={"time_limit": time_limit})})


def _last_message(outcome: Outcome, outbox: Outbox, was_stopped: bool) -> tuple[Result | Failed, bytes]:
    """Turn the outcome of the search into the last message."""
    from engine.messages import Failed, Result, encode_plan

    if outcome.status == "infeasible":
        rules = len(outcome.conflict)
        message = outcome.reason or (
            f"There is no plan: {rules} rules cannot hold together. Loosen one of them and optimise again."
            if rules
            else "There is no plan that keeps all rules. Loosen deadlines, locks or constraints and optimise again."
        )
        details = {"conflict": outcome.conflict, "repairs": outcome.repairs, "warnings": outcome.warnings}
        return Failed(code=ErrorCode.INFEASIBLE_PROBLEM, message=message, details=details), b""
    if outcome.events is None or outcome.vector is None or outcome.status == "unknown":
        ended = "before it was stopped" if was_stopped else "within the time limit"
        message = outcome.reason or f"No plan was found {ended}. Give it more time, or loosen the rules."
        return Failed(code=ErrorCode.SOLVER_TIMEOUT, message=message, details={"warnings": outcome.warnings}), b""
    plan = encode_plan(outcome.events)
    first = outbox.first_solution_ms
    result = Result(
        status=outcome.status,
        elapsed_ms=outbox.elapsed_ms(),
        first_solution_ms=outbox.elapsed_ms() if first is None else first,
        vector=outcome.vector,
        bound=outbox.native(outcome.bound),
        warnings=tuple(outcome.warnings),
        payload_bytes=len(plan),
    )
    return result, plan


class _Inbox:
    """Listens to the application for the whole life of the process.

    The application starts its clock before this process can look at one. It says how much had passed when it heard the
    ``hello``; reading and importing since then count too. Of a process that was started in advance, waiting does not.
    """

    def __init__(self, stream: BinaryIO, outbox: Outbox, said_hello_at: float) -> None:
        from engine.solve.report import StopFlag

        self.stop_flag = StopFlag()
        self.memory_limit: int | None = None
        self._stream = stream
        self._outbox = outbox
        self._said_hello_at = said_hello_at
        self._arrived = threading.Event()
        self._request: tuple[Solve, bytes] | None = None
        threading.Thread(target=self._listen, name="inbox", daemon=True).start()

    def has_request(self, seconds: float) -> bool:
        """Wait for the request for so long; return whether it is there."""
        return self._arrived.wait(seconds)

    def wait_for_request(self) -> tuple[Solve, bytes]:
        """Return the request, and forget it."""
        self._arrived.wait()
        assert self._request is not None
        request, self._request = self._request, None
        return request

    def _listen(self) -> None:
        from engine.messages import BadMessage, Failed, Stop, read_from_app

        try:
            while (arrived := read_from_app(self._stream)) is not None:
                message, payload = arrived
                if isinstance(message, Stop):
                    if not message.keep:
                        os._exit(EXIT_DONE)
                    threading.Thread(target=self.stop_flag.stop, name="stop", daemon=True).start()
                elif not self._arrived.is_set():
                    begin = time.monotonic() if message.was_ready else self._said_hello_at
                    self._outbox.start_clock(message.elapsed_ms, begin)
                    self._request = (message, payload)
                    self._arrived.set()
        except BadMessage as error:
            self._outbox.finish(Failed(code=ErrorCode.INTERRUPTED, message=f"The solver could not be asked: {error}."))
            os._exit(EXIT_BAD_INPUT)
        except (OSError, ValueError):
            pass  # a broken or closed pipe is the end of input too
        os._exit(EXIT_INPUT_ENDED)


def _take_over_stdout() -> BinaryIO:
    """Keep standard output for messages; send everything else that is written to it to standard error."""
    if sys.stdout is not None:
        sys.stdout.flush()
    messages = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(messages, os.O_BINARY)
        msvcrt.setmode(0, os.O_BINARY)
    return os.fdopen(messages, "wb")


def _die_with_parent() -> None:
    """Ask Linux to kill this process when the thread that started it ends.

    Belt and braces: end of input does the same everywhere, but needs this process to be able to run Python.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        try:
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        except (OSError, AttributeError):
            _log.warning("the system cannot tie this process to its parent's life")


def _limit_memory(limit_mib: int, outbox: Outbox) -> None:
    """Hold the process to ``limit_mib`` of resident memory: a guard that reports, and a hard limit behind it."""
    if sys.platform == "linux":
        import resource

        # Counts reserved data, thread stacks among it, so it stands well above what may be resident.
        hard = (limit_mib + limit_mib // 2 + 512) * _MIB
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))

    threading.Thread(target=_guard_memory, args=(limit_mib, outbox), name="memory-guard", daemon=True).start()


def _guard_memory(limit_mib: int, outbox: Outbox) -> None:
    import psutil

    process = psutil.Process()
    while process.memory_info().rss <= limit_mib * _MIB:
        time.sleep(_MEMORY_CHECK_S)
    outbox.finish(_out_of_memory(limit_mib), timeout_s=1.0)
    os._exit(EXIT_OUT_OF_MEMORY)


def _out_of_memory(limit_mib: int | None) -> Failed:
    from engine.messages import Failed

    limit = f"the limit of {limit_mib} MiB" if limit_mib is not None else "what the machine has"
    return Failed(
        code=ErrorCode.TOO_LARGE,
        message=f"Optimising this schedule needs more memory than {limit}. Raise the memory limit, use fewer solver "
        "threads, or optimise a smaller part of the schedule.",
        details={"memoryLimit": limit_mib} if limit_mib is not None else {},
    )


def _internal_error(error: BaseException) -> Failed:
    from engine.messages import Failed

    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f"{os.path.basename(last[0].filename)}:{last[0].lineno}" if last else "unknown place"
    return Failed(
        code=ErrorCode.INTERRUPTED,
        message=f"The solver failed with an internal error ({type(error).__name__}: {str(error)[:500]}). "
        "This is a fault of the program; its log has the details.",
        details={"exception": type(error).__name__, "place": place},
    )


if __name__ == "__main__":
    sys.exit(main())
