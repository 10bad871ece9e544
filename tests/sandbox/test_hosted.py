from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
import stripe

from services.sandbox import Sandbox
from tests.sandbox.scene import MovableClock, access_request

ASKS_TO_AUTHENTICATE = "4000002500003155"


class Browser:
    """A person at the hosted page of one session."""

    def __init__(self, client: stripe.StripeClient, request: Any) -> None:
        self._client = client
        self._http = requests.Session()
        session = client.v1.checkout.sessions.create(request)
        assert session.url is not None
        self.session_id, self.url = session.id, session.url

    def look(self, part: str = "") -> requests.Response:
        return self._http.get(self.url + part, timeout=5)

    def press(self, outcome: str = "pay", **fields: str) -> requests.Response:
        form = {"card": "4242424242424242", "email": "ada@example.com", "outcome": outcome} | fields
        return self._http.post(self.url, data=form, timeout=5, allow_redirects=False)

    @property
    def session(self) -> stripe.checkout.Session:
        return self._client.v1.checkout.sessions.retrieve(self.session_id)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def browser(client: stripe.StripeClient) -> Iterator[Browser]:
    person = Browser(client, access_request())
    yield person
    person.close()


def test_the_page_shows_what_is_bought_and_for_how_much(browser: Browser) -> None:
    page = browser.look()
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for shown in ("Thunderbird Access", "29.99 USD", "4242424242424242", ASKS_TO_AUTHENTICATE, "Cancel"):
        assert shown in page.text


def test_a_card_that_pays_leads_to_the_paid_page_and_on_to_the_shop(browser: Browser) -> None:
    answer = browser.press()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/pay/{browser.session_id}/done")
    page = browser.look("/done")
    onward = f"http://localhost:8000/payment/success?session_id={browser.session_id}"
    assert "Paid" in page.text
    assert f'href="{onward}"' in page.text
    session = browser.session
    assert session.payment_status == "paid"
    assert session.success_url is not None
    assert session.success_url.endswith("{CHECKOUT_SESSION_ID}")
    assert session.customer_details is not None
    assert session.customer_details.email == "ada@example.com"


def test_a_decline_says_so_keeps_the_text_and_leaves_the_session_open(browser: Browser) -> None:
    answer = browser.press(card="4000 0000 0000 0002")
    assert answer.status_code == 402
    assert "Your card was declined." in answer.text
    assert 'value="4000 0000 0000 0002"' in answer.text
    assert 'value="ada@example.com"' in answer.text
    assert browser.session.status == "open"
    assert browser.press().status_code == 303


def test_the_bank_asks_and_the_customer_completes(browser: Browser) -> None:
    step = browser.press(card=ASKS_TO_AUTHENTICATE)
    assert step.status_code == 200
    assert 'value="complete"' in step.text
    assert 'value="fail"' in step.text
    assert browser.session.status == "open"
    assert browser.press("complete", card=ASKS_TO_AUTHENTICATE).status_code == 303
    assert browser.session.payment_status == "paid"


def test_the_bank_asks_and_the_customer_fails(browser: Browser) -> None:
    browser.press(card=ASKS_TO_AUTHENTICATE)
    answer = browser.press("fail", card=ASKS_TO_AUTHENTICATE)
    assert answer.status_code == 402
    assert "unable to authenticate" in answer.text
    assert (browser.session.status, browser.session.payment_status) == ("open", "unpaid")


def test_leaving_changes_nothing(browser: Browser) -> None:
    page = browser.look("/canceled")
    assert "Nothing was charged" in page.text
    assert 'href="http://localhost:8000/payment/cancel"' in page.text
    assert browser.session.status == "open"


def test_pressing_pay_twice_pays_once(browser: Browser, client: stripe.StripeClient) -> None:
    browser.press()
    second = browser.press()
    assert second.status_code == 200
    assert "Paid" in second.text
    assert len(client.v1.payment_intents.list().data) == 1


def test_an_expired_checkout_says_so_and_takes_no_card(browser: Browser, clock: MovableClock) -> None:
    clock.move(timedelta(hours=24))
    assert "Expired" in browser.look().text
    assert "Expired" in browser.press().text
    assert browser.session.payment_status == "unpaid"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"email": "nobody"}, "Enter an e-mail address."),
        ({"card": "1234"}, "Your card number is incorrect."),
        ({"promotion_code": "NOSUCH"}, "This promotion code is invalid."),
        ({"outcome": "steal"}, "This button is not known."),
    ],
)
def test_what_cannot_be_right_is_refused(browser: Browser, fields: dict[str, str], sentence: str) -> None:
    outcome = fields.pop("outcome", "pay")
    answer = browser.press(outcome, **fields)
    assert answer.status_code in (400, 402)
    assert sentence in answer.text
    assert browser.session.status == "open"


def test_a_promotion_code_is_taken_off(browser: Browser) -> None:
    browser.press(promotion_code="TAKE20")
    assert browser.session.amount_total == 2399


def test_strangers_text_is_escaped(client: stripe.StripeClient) -> None:
    request = access_request()
    request["line_items"][0]["price_data"]["product_data"]["name"] = "<script>alert(1)</script>"
    request["cancel_url"] = 'http://localhost/"><script>alert(2)</script>'
    person = Browser(client, request)
    pages = [
        person.look(),
        person.look("/canceled"),
        person.press(card='"><script>', email='"><script>'),
        person.press(card=ASKS_TO_AUTHENTICATE, promotion_code='"><script>'),
        person.press(card=ASKS_TO_AUTHENTICATE, email='"><script>@'),
    ]
    person.close()
    for page in pages:
        assert "<script>" not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/pay/cs_test_gone", "/pay/../v1", "/favicon.ico"])
def test_any_other_page_is_not_there(sandbox: Sandbox, path: str) -> None:
    with requests.Session() as http:
        assert http.get(sandbox.api_base + path, timeout=5).status_code == 404
