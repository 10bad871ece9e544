import threading

from hypothesis import given
from hypothesis import strategies as st

from services.gateways.rate_limit import RateLimit

STRIPE_ALLOWS_PER_SECOND = 25


class Timeline:
    """A clock that goes on while somebody pauses, and notes each moment that a call is made."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=120))
def test_no_second_has_more_calls_than_stripe_allows(rests: list[float]) -> None:
    timeline = Timeline()
    limit = RateLimit(clock=timeline, pause=timeline.pause)
    for rest in rests:
        timeline.now += rest
        limit.take()
        timeline.calls.append(timeline.now)
    for first in timeline.calls:
        assert sum(first <= call < first + 1 for call in timeline.calls) <= STRIPE_ALLOWS_PER_SECOND


def test_a_few_calls_go_at_once_and_then_each_waits_its_turn() -> None:
    timeline = Timeline()
    limit = RateLimit(10, burst=3, clock=timeline, pause=timeline.pause)
    moments = []
    for _ in range(6):
        limit.take()
        moments.append(round(timeline.now - 100, 6))
    assert moments == [0, 0, 0, 0.1, 0.2, 0.3]
    timeline.now += 60
    moments = []
    for _ in range(4):
        limit.take()
        moments.append(round(timeline.now - 160.3, 6))
    assert moments == [0, 0, 0, 0.1]


def test_callers_in_many_threads_share_the_turns_out() -> None:
    pauses: list[float] = []
    limit = RateLimit(10, burst=1, clock=lambda: 0.0, pause=pauses.append)

    def call() -> None:
        for _ in range(25):
            limit.take()

    crew = [threading.Thread(target=call) for _ in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert [round(pause * 10) for pause in sorted(pauses)] == list(range(1, 200))
