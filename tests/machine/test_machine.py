"""Random journeys of a whole desk, each step proven; a run that fails is made as short as it can be, and printed."""

from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.machine import Machine
from tests.scale import SOAK, measured, rounds

RUNS = 200
STEPS = 50


def test_random_journeys_agree_with_the_model(sqlite_template: Path) -> None:
    happened: Counter[str] = Counter()

    class Journey(Machine):
        def __init__(self) -> None:
            super().__init__(sqlite_template, happened)
            happened["runs"] += 1

    run_state_machine_as_test(
        Journey,
        settings=settings(
            max_examples=rounds(RUNS),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not SOAK,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert set(happened) >= {"lost", "silent", "refused", "denied", "lie"}, "Nothing went wrong in these journeys."
    runs = happened.pop("runs")
    faults = ", ".join(f"{count} {name}" for name, count in sorted(happened.items()))
    measured(f"{runs} journeys of up to {STEPS} steps without a break; requests that met a fate: {faults}")
