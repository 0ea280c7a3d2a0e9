"""The one transition table of a run."""

import itertools

import pytest

from engine.model import RunStatus
from engine.run_states import (
    ACTIVE,
    TERMINAL,
    TRANSITIONS,
    IllegalTransition,
    can_move,
    is_terminal,
    require_move,
    sources_of,
)

ALLOWED = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("queued", "failed"),
    ("running", "completed"),
    ("running", "cancelled"),
    ("running", "failed"),
}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(RunStatus, RunStatus)))
def test_only_the_moves_of_the_reference_are_allowed(source: RunStatus, target: RunStatus) -> None:
    allowed = (source.value, target.value) in ALLOWED
    assert can_move(source, target) is allowed
    assert (source in sources_of(target)) is allowed
    if allowed:
        require_move(source, target)
    else:
        with pytest.raises(IllegalTransition, match=f"A {source.value} run cannot become {target.value}"):
            require_move(source, target)


def test_every_state_is_in_the_table_and_either_terminal_or_active() -> None:
    assert set(TRANSITIONS) == set(RunStatus)
    assert {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED} == TERMINAL
    assert {RunStatus.QUEUED, RunStatus.RUNNING} == ACTIVE
    assert [status for status in RunStatus if is_terminal(status)] == ["completed", "failed", "cancelled"]


def test_every_state_is_reached_from_queued() -> None:
    reached, todo = {RunStatus.QUEUED}, [RunStatus.QUEUED]
    while todo:
        for target in TRANSITIONS[todo.pop()] - reached:
            reached.add(target)
            todo.append(target)
    assert reached == set(RunStatus)
