"""``taktwerk explain`` on files, in process."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.sample import SAMPLE_FILE
from tests.support.plants import op, order, plant

SAMPLE = str(SAMPLE_FILE)
PLAN = plant(
    [op("B", 40, on="M1", start=0, order="O2"), op("A", 60, on="M1", start=40, order="O1")],
    orders=[order("O1", due=60), order("O2")],
    now=0,
)


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN.to_json()))
    return str(path)


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["explain", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_summary_by_default(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", plan]) == 0
    told = capsys.readouterr().out
    assert "Late orders" in told and "Resource busy at M1 by O2: 40 min." in told and "Bottlenecks" in told
    found = document(capsys, plan)
    assert set(found) == {"lateOrders", "delayingResources", "delayingOrders", "bottlenecks"}
    (late,) = found["lateOrders"]
    assert sum(cause["lateMs"] for cause in late["causes"]) == late["latenessMs"] == 40 * 60_000


def test_one_order_and_one_operation(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, plan, "--order", "O1")["order"]["id"] == "O1"
    found = document(capsys, plan, "--event", "A")
    assert found["operation"]["parts"][0]["kind"] == "capacity" and found["operationSlack"]["dueSlackMs"] == 0
    assert main(["explain", plan, "--order", "O1", "--event", "A"]) == 0
    assert "A waits 40 min for M1, which is taken by B." in capsys.readouterr().out


def test_a_slot(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, plan, "--event", "A", "--at", "M1,2026-01-05T00:10")["slot"]
    assert [one["rule"] for one in found["obstacles"]] == ["capacity"]
    assert found["earliest"] == "2026-01-05T00:40:00Z"
    assert found["consequence"]["moved"] == ["B"]
    assert main(["explain", plan, "--event", "A", "--at", "M1,2026-01-05T00:10"]) == 0
    assert "M1 is taken by B" in capsys.readouterr().out


def test_tables_of_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", SAMPLE, "--slack", "--bottlenecks", "--load"]) == 0
    told = capsys.readouterr().out
    assert all(title in told for title in ("Slack, least first", "Bottlenecks", "Load per day"))
    found = document(capsys, SAMPLE, "--slack", "--load")
    assert len(found["slack"]) > 400
    day = found["load"][0]["days"][0]
    assert day["availableMs"] == day["processingMs"] + day["setupMs"] + day["idleMs"]


def test_wrong_arguments(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", plan, "--at", "M1,2026-01-05T00:10"]) == 2
    for arguments, code in (
        (["--order", "O2"], "E012"),
        (["--order", "?"], "E012"),
        (["--event", "?"], "E012"),
        (["--event", "A", "--at", "M1"], "E001"),
        (["--event", "A", "--at", "M1,soon"], "E001"),
        (["--event", "A", "--at", "?,2026-01-05"], "E012"),
    ):
        capsys.readouterr()
        assert main(["explain", plan, *arguments, "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["code"] == code, arguments


def test_what_needs_the_solver(plan: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver's part is tested with the solver; here only what is asked and how it is told."""
    asked: list[float] = []

    def infeasible(_request: Any, limit: float) -> dict[str, Any]:
        asked.append(limit)
        member = {"kind": "deadline", "id": "O1", "text": "Order O1 must end by noon.", "proven": True}
        repair = {"text": "Move the deadline by 40 min.", "price": 40, "priceText": "40 min", "change": {}}
        return {"status": "infeasible", "conflict": [member], "repairs": [repair]}

    def prices(_request: Any, limit: float) -> dict[str, Any]:
        asked.append(limit)
        price = {
            "kind": "lock",
            "id": "A",
            "text": "Lock of A",
            "improvement": 1,
            "improvementText": "1 h",
            "exact": True,
        }
        return {"objective": "minimize_tardiness", "value": 2, "valueText": "2 h", "proven": True, "prices": [price]}

    fake = types.ModuleType("app.explain_tasks")
    fake.explain_infeasible, fake.lock_prices = infeasible, prices  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "app.explain_tasks", fake)
    assert main(["explain", plan, "--infeasible", "--lock-prices", "--time-limit", "7"]) == 0
    told = capsys.readouterr().out
    assert "Order O1 must end by noon." in told and "Move the deadline by 40 min." in told
    assert "Lock of A" in told and "proven" in told and asked == [7.0, 7.0]
    assert set(document(capsys, plan, "--infeasible", "--lock-prices")) == {"infeasible", "lockPrices"}
