import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
import requests
import stripe

from services.sandbox import MALFORMED, Fault, Sandbox
from tests.sandbox.scene import MovableClock, access_request

Post = Callable[..., requests.Response]


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def browser(sandbox: Sandbox, http: requests.Session) -> Post:
    def post(**form: str) -> requests.Response:
        return http.post(sandbox.control_url, form, timeout=5)

    return post


@pytest.fixture
def script(sandbox: Sandbox, http: requests.Session) -> Post:
    def post(**form: str) -> requests.Response:
        return http.post(sandbox.control_url, form, headers={"Accept": "application/json"}, timeout=5)

    return post


@pytest.fixture
def session_id(client: stripe.StripeClient) -> str:
    request: Any = access_request()
    return client.v1.checkout.sessions.create(request).id


class Forms(HTMLParser):
    """Every form of a page, as what pressing its button posts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.targets: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.forms.append({})
            self.targets.add(named["action"] or "")
        elif tag == "input":
            self.forms[-1][named["name"] or ""] = named.get("value") or ""


def test_only_its_secret_opens_the_control(sandbox: Sandbox, http: requests.Session) -> None:
    assert re.fullmatch(rf"{sandbox.api_base}/control/[A-Za-z0-9_-]{{32}}", sandbox.control_url)
    for path in ("/control", "/control/", "/control/guess", f"{sandbox.control_url[len(sandbox.api_base) :]}/x"):
        assert http.get(sandbox.api_base + path, timeout=5).status_code == 404
        assert http.post(sandbox.api_base + path, {"action": "clear"}, timeout=5).status_code == 404
    with Sandbox() as other:
        assert other.control_url.rpartition("/")[2] != sandbox.control_url.rpartition("/")[2]


def test_the_page_shows_what_there_is_and_keeps_strangers_text_harmless(
    sandbox: Sandbox, client: stripe.StripeClient, http: requests.Session
) -> None:
    request: Any = access_request() | {"client_reference_id": "<script>alert(1)</script>"}
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id)
    sandbox.refund(session_id, 500)
    sandbox.faults.add(Fault.TRUNCATED, path='/v1/"><script>')
    page = http.get(sandbox.control_url, timeout=5)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "<script>" not in page.text
    for shown in (session_id, "29.99 USD", "5.00 USD succeeded", "complete, paid", "truncated", "landed 0 ×"):
        assert shown in page.text


def test_every_button_of_the_page_does_something(
    sandbox: Sandbox, client: stripe.StripeClient, http: requests.Session, session_id: str, browser: Post
) -> None:
    request: Any = access_request()
    sandbox.pay(session_id)
    sandbox.refund(session_id, 500)
    client.v1.checkout.sessions.create(request)
    forms = Forms(http.get(sandbox.control_url, timeout=5).text)
    assert {sandbox.api_base + target for target in forms.targets} == {sandbox.control_url}
    pressed = set()
    for form in forms.forms:
        if form["action"] == "expire":
            continue  # the one before it paid the same session
        if form["action"] == "fault" and "fault" not in form:
            form["fault"] = "slow"
        answer = browser(**form)
        assert (answer.status_code, answer.history[0].status_code) == (200, 303)
        assert "alarm" not in re.findall(r'class="(\w+)"', answer.text)
        pressed.add(form["action"])
    assert pressed == {"fault", "release", "clear", "pay", "refund", "fail_refund", "decline_card", "advance"}


@pytest.mark.parametrize("name", [kind.value for kind in Fault if kind is not Fault.MALFORMED] + ["null", "html"])
def test_a_fault_is_scripted_by_name(sandbox: Sandbox, script: Post, name: str) -> None:
    answer = script(action="fault", fault=name, times="3", method="POST", path="/v1/refunds", skip="1")
    assert answer.json() == {"did": f"Scripted {name} for POST /v1/refunds, 3 ×."}
    (fault,) = sandbox.faults.scripted
    assert (fault.name, fault.times, fault.method, fault.path) == (name, 3, "POST", "/v1/refunds")


def test_a_fault_by_http_lands_and_is_counted(
    sandbox: Sandbox, client: stripe.StripeClient, http: requests.Session, script: Post
) -> None:
    script(action="fault", fault="rate_limited", times="always", method="POST")
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.create({})
    seen = http.get(sandbox.control_url, headers={"Accept": "application/json"}, timeout=5).json()
    assert seen["faults"] == [
        {
            "name": "rate_limited",
            "calls": "POST any path",
            "times": "until taken back",
            "landed": 2,
            "pending": True,
        }
    ]
    assert script(action="clear").json() == {"did": "Took back 1 fault."}
    client.v1.customers.create({})


def test_a_held_call_is_released_by_http(sandbox: Sandbox, script: Post) -> None:
    script(action="fault", fault="hold_after")
    (fault,) = sandbox.faults.scripted
    script(action="release")
    with requests.Session() as other:
        answer = other.post(f"{sandbox.api_base}/v1/customers", auth=(sandbox.secret_key, ""), timeout=5)
    assert (answer.status_code, fault.landed) == (200, 1)


def test_a_checkout_is_paid_refunded_and_refused_by_http(
    sandbox: Sandbox, script: Post, session_id: str, client: stripe.StripeClient
) -> None:
    declined = script(action="pay", session=session_id, card="4000000000000002")
    assert (declined.status_code, declined.json()) == (400, {"error": "Your card was declined."})
    assert script(action="pay", session=session_id).json() == {"did": f"Paid {session_id}."}
    done = script(action="refund", payment=session_id, amount="5.00").json()["did"]
    refund_id = done.rpartition(" ")[2].rstrip(".")
    assert done.startswith(f"Refunded 5.00 of {session_id} as re_")
    assert client.v1.refunds.retrieve(refund_id).amount == 500
    script(action="fail_refund", refund=refund_id)
    assert client.v1.refunds.retrieve(refund_id).status == "failed"
    script(action="refund", payment=sandbox.session(session_id).payment_intent_id or "")
    assert sandbox.session(session_id).refunded_cents == 2999


def test_a_session_expires_by_button_and_by_clock(
    sandbox: Sandbox, client: stripe.StripeClient, clock: MovableClock, script: Post, session_id: str
) -> None:
    request: Any = access_request()
    other = client.v1.checkout.sessions.create(request).id
    script(action="expire", session=session_id)
    assert [session.status for session in sandbox.sessions] == ["expired", "open"]
    assert script(action="advance", days="1", hours="2").json() == {"did": "Set the clock ahead by 1 day, 2:00:00."}
    assert sandbox.session(other).status == "expired"
    assert sandbox.now == clock.seconds + 26 * 3600


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "The actions are fault"),
        ({"action": "destroy"}, "The actions are fault"),
        ({"action": "fault"}, "No fault is called nothing."),
        ({"action": "fault", "fault": "malformed"}, "No fault is called malformed."),
        ({"action": "fault", "fault": "<b>"}, "No fault is called <b>."),
        ({"action": "fault", "fault": "slow", "times": "0"}, "times is a whole number from 1 to 1000."),
        ({"action": "fault", "fault": "slow", "skip": "-1"}, "skip is a whole number from 0 to 1000."),
        ({"action": "pay"}, "session is missing"),
        ({"action": "pay", "session": "cs_gone"}, "No such checkout.session"),
        ({"action": "refund", "payment": "pi_gone"}, "No such payment_intent"),
        ({"action": "refund", "payment": "pi_gone", "amount": "5,00"}, "amount is a sum such as 5 or 5.00."),
        ({"action": "decline_card", "payment_method": "pm_gone"}, "No such PaymentMethod"),
        ({"action": "advance", "hours": "soon"}, "hours is a whole number from 0 to 1000."),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_a_sentence(
    sandbox: Sandbox, browser: Post, script: Post, form: dict[str, str], sentence: str
) -> None:
    told = script(**form)
    assert told.status_code == 400
    assert sentence in told.json()["error"]
    shown = browser(**form)
    assert shown.status_code == 400
    assert 'role="alert"' in shown.text
    assert "<b>" not in shown.text
    assert sandbox.faults.scripted == ()


def test_the_page_names_every_fault(sandbox: Sandbox, http: requests.Session) -> None:
    page = http.get(sandbox.control_url, timeout=5).text
    for name in [*MALFORMED, *(kind.value for kind in Fault if kind is not Fault.MALFORMED)]:
        assert f"<option>{name}</option>" in page
