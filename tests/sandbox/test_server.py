import socket
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import stripe

from services.sandbox import Sandbox, SandboxError
from tests.sandbox.scene import access_request, client_of


@pytest.mark.parametrize("host", [str(IPv4Address(0)), "192.0.2.1", "example.com", "::", ""])
def test_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_every_name_of_this_machine_will_do(host: str) -> None:
    with Sandbox(host=host) as sandbox:
        assert client_of(sandbox).v1.accounts.retrieve_current().object == "account"


def test_a_live_key_is_none_of_the_sandboxes() -> None:
    with pytest.raises(ValueError, match="sk_test_"):
        Sandbox(secret_key="sk_live_1")


def test_another_key_is_refused_without_being_repeated(sandbox: Sandbox) -> None:
    stranger = client_of(sandbox, "sk_test_anotherkey1234")
    with pytest.raises(stripe.AuthenticationError) as caught:
        stranger.v1.accounts.retrieve_current()
    assert caught.value.http_status == 401
    assert caught.value.user_message == "Invalid API Key provided: sk_test_****1234"


def test_the_key_may_come_by_basic_authentication_and_may_not_be_left_out(sandbox: Sandbox) -> None:
    url = f"{sandbox.api_base}/v1/account"
    with requests.Session() as http:
        assert http.get(url, auth=(sandbox.secret_key, ""), timeout=5).status_code == 200
        assert http.get(url, headers={"Authorization": "Basic !"}, timeout=5).status_code == 401
        without = http.get(url, timeout=5)
    assert without.status_code == 401
    assert without.json()["error"]["type"] == "invalid_request_error"


def test_an_answer_names_its_request_and_version(client: stripe.StripeClient) -> None:
    account = client.v1.accounts.retrieve_current()
    assert account.last_response is not None
    assert account.last_response.headers["Request-Id"].startswith("req_")
    assert account.last_response.headers["Stripe-Version"] == stripe.api_version


def test_an_unknown_path_is_not_there(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    for method, path in (("get", "/v1/nothing"), ("delete", "/v1/customers/cus_1"), ("post", "/v1/events")):
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as caught:
            client.raw_request(method, path)
        assert caught.value.http_status == 404
    assert [request.path for request in sandbox.requests] == [
        "/v1/nothing",
        "/v1/customers/cus_1",
        "/v1/events",
    ]


def test_a_body_beyond_a_megabyte_is_refused(sandbox: Sandbox) -> None:
    address = urlsplit(sandbox.api_base)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(b"POST /v1/customers HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 1000001\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sandbox.requests == ()


def test_a_body_without_a_length_is_refused(sandbox: Sandbox) -> None:
    with requests.Session() as http:
        answer = http.post(f"{sandbox.api_base}/v1/customers", data=iter([b"name=Ada"]), timeout=5)
    assert answer.status_code == 411


def test_what_it_knows_and_where_it_is_outlive_a_stop() -> None:
    sandbox = Sandbox()
    with pytest.raises(SandboxError):
        _ = sandbox.api_base
    request: Any = access_request()
    with sandbox:
        client = client_of(sandbox)
        session_id = client.v1.checkout.sessions.create(request).id
        with pytest.raises(SandboxError):
            sandbox.start()
    with pytest.raises(stripe.APIConnectionError):
        client.v1.checkout.sessions.retrieve(session_id)
    with sandbox:
        assert client.v1.checkout.sessions.retrieve(session_id).status == "open"
    sandbox.stop()


def test_two_sandboxes_know_nothing_of_each_other(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    customer_id = client.v1.customers.create({}).id
    with Sandbox() as other, pytest.raises(stripe.InvalidRequestError):
        client_of(other).v1.customers.retrieve(customer_id)
    assert other.secret_key != sandbox.secret_key
