"""The endpoints: which operation a method and a path name, and what each one does."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.sandbox.checkout import create_session, expire_session
from services.sandbox.checkout_response import render_line_item
from services.sandbox.errors import Refused, exclusive, missing
from services.sandbox.lists import created_within, cut, expand, list_page
from services.sandbox.objects import CheckoutSession, Customer, Event, PaymentIntent, PaymentMethod, Refund
from services.sandbox.payments import attach, confirm_intent, create_intent, create_refund, method_of
from services.sandbox.responses import Json, render, render_account, render_list
from services.sandbox.rules import check_metadata
from services.sandbox.state import State, new_id


@dataclass(frozen=True)
class Call:
    """A checked API call: its path, the id in it, and its parameters as the operation's types name them."""

    state: State
    path: str
    identifier: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """An endpoint: its operation by the SDK's service path, and the function that carries it out."""

    method: str
    pattern: re.Pattern[str]
    operation: str
    run: Callable[[Call], Json]


def find_route(method: str, path: str) -> tuple[Route, str]:
    """The endpoint for a method and a path, with the id in the path. Raises Refused (404) where there is none."""
    for route in ROUTES:
        matched = route.pattern.fullmatch(path)
        if matched is not None and route.method == method:
            return route, matched.groupdict().get("id", "")
    sentence = (
        f"Unrecognized request URL ({method}: {path}). "
        "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
    )
    raise Refused(sentence, status=404)


def execute(route: Route, call: Call) -> Json:
    """Carry a call out, then expand what it asked for."""
    call.state.expire_overdue()
    return expand(call.state, route.run(call), call.parameters.get("expand", []))


def _session(call: Call) -> CheckoutSession:
    return call.state.get(CheckoutSession, call.identifier)


def _create_session(call: Call) -> Json:
    return render(create_session(call.state, call.parameters))


def _retrieve_session(call: Call) -> Json:
    return render(_session(call))


def _expire_session(call: Call) -> Json:
    session = _session(call)
    expire_session(call.state, session)
    return render(session)


def _list_line_items(call: Call) -> Json:
    items = _session(call).line_items
    page, has_more = cut(items, [item.id for item in items], call.parameters)
    return render_list(call.path, [render_line_item(item) for item in page], has_more=has_more)


def _list_sessions(call: Call) -> Json:
    wanted = call.parameters
    email = wanted.get("customer_details", {}).get("email")
    sessions = [
        session
        for session in call.state.newest_first(CheckoutSession)
        if created_within(session.created, wanted.get("created"))
        and wanted.get("customer", session.customer_id) == session.customer_id
        and wanted.get("payment_intent", session.intent_id) == session.intent_id
        and wanted.get("status", session.status) == session.status
        and email in (None, session.email)
    ]
    return list_page(call.path, sessions, wanted)


def _write_customer(call: Call, customer: Customer) -> None:
    """Set what the parameters name; an empty text unsets a field, and in metadata a key."""
    changes = call.parameters
    check_metadata(changes.get("metadata"), param="metadata")
    settings = changes.get("invoice_settings", {})
    if "default_payment_method" in settings:
        customer.default_method_id = _default_method(call, customer, settings["default_payment_method"])
    for name in ("email", "name", "description"):
        if name in changes:
            setattr(customer, name, changes[name] or None)
    if changes.get("metadata") == "":
        customer.metadata = {}
    elif "metadata" in changes:
        merged = customer.metadata | changes["metadata"]
        customer.metadata = {key: value for key, value in merged.items() if value}


def _default_method(call: Call, customer: Customer, identifier: str) -> str:
    param = "invoice_settings[default_payment_method]"
    method = call.state.get(PaymentMethod, identifier, param=param)
    if method.customer_id != customer.id:
        raise Refused(f"The customer does not have a payment method with the ID {identifier}.", param=param)
    return method.id


def _create_customer(call: Call) -> Json:
    customer = Customer(id=new_id("cus_"), created=call.state.now())
    _write_customer(call, customer)
    call.state.add(customer)
    call.state.happened("customer.created", customer)
    return render(customer)


def _update_customer(call: Call) -> Json:
    customer = call.state.get(Customer, call.identifier)
    _write_customer(call, customer)
    call.state.happened("customer.updated", customer)
    return render(customer)


def _retrieve_customer(call: Call) -> Json:
    return render(call.state.get(Customer, call.identifier))


def _list_customers(call: Call) -> Json:
    wanted = call.parameters
    customers = [
        customer
        for customer in call.state.newest_first(Customer)
        if created_within(customer.created, wanted.get("created"))
        and wanted.get("email", customer.email) == customer.email
    ]
    return list_page(call.path, customers, wanted)


def _customer_methods(call: Call, customer_id: str | None) -> Json:
    kind = call.parameters.get("type", "card")
    methods = [
        method
        for method in call.state.newest_first(PaymentMethod)
        if kind == "card" and customer_id in (None, method.customer_id) and method.customer_id is not None
    ]
    return list_page(call.path, methods, call.parameters)


def _list_customer_methods(call: Call) -> Json:
    return _customer_methods(call, call.state.get(Customer, call.identifier).id)


def _list_methods(call: Call) -> Json:
    customer_id = call.parameters.get("customer")
    if customer_id is not None:
        call.state.get(Customer, customer_id, param="customer")
    return _customer_methods(call, customer_id)


def _retrieve_method(call: Call) -> Json:
    return render(call.state.get(PaymentMethod, call.identifier))


def _attach_method(call: Call) -> Json:
    customer = call.state.get(Customer, call.parameters.get("customer", ""), param="customer")
    method = method_of(call.state, call.identifier)
    attach(call.state, method, customer)
    return render(method)


def _create_intent(call: Call) -> Json:
    return render(create_intent(call.state, call.parameters))


def _confirm_intent(call: Call) -> Json:
    intent = call.state.get(PaymentIntent, call.identifier)
    return render(confirm_intent(call.state, intent, call.parameters))


def _retrieve_intent(call: Call) -> Json:
    return render(call.state.get(PaymentIntent, call.identifier))


def _list_intents(call: Call) -> Json:
    wanted = call.parameters
    intents = [
        intent
        for intent in call.state.newest_first(PaymentIntent)
        if created_within(intent.created, wanted.get("created"))
        and wanted.get("customer", intent.customer_id) == intent.customer_id
    ]
    return list_page(call.path, intents, wanted)


def _list_events(call: Call) -> Json:
    wanted = call.parameters
    if "type" in wanted and "types" in wanted:
        raise exclusive("type", "types")
    patterns = wanted.get("types") or ([wanted["type"]] if "type" in wanted else ["*"])
    events = [
        event
        for event in call.state.newest_first(Event)
        if created_within(event.created, wanted.get("created"))
        and any(_names(pattern, event.type) for pattern in patterns)
    ]
    return list_page(call.path, events, wanted)


def _names(pattern: str, kind: str) -> bool:
    """Whether `checkout.session.*`, or a type in full, names a type."""
    return kind == pattern or (pattern.endswith("*") and kind.startswith(pattern[:-1]))


def _retrieve_event(call: Call) -> Json:
    return render(call.state.get(Event, call.identifier))


def _create_refund(call: Call) -> Json:
    return render(create_refund(call.state, call.parameters))


def _retrieve_refund(call: Call) -> Json:
    return render(call.state.get(Refund, call.identifier))


def _list_refunds(call: Call) -> Json:
    wanted = call.parameters
    refunds = [
        refund
        for refund in call.state.newest_first(Refund)
        if created_within(refund.created, wanted.get("created"))
        and wanted.get("payment_intent", refund.payment_intent_id) == refund.payment_intent_id
        and wanted.get("charge", refund.charge_id) == refund.charge_id
    ]
    return list_page(call.path, refunds, wanted)


def _retrieve_account(call: Call) -> Json:
    if call.identifier not in ("", call.state.account_id):
        raise missing("account", call.identifier)
    return render_account(call.state.account_id, call.state.started_at)


def _route(method: str, template: str, operation: str, run: Callable[[Call], Json]) -> Route:
    return Route(method, re.compile(template.replace(":id", "(?P<id>[A-Za-z0-9_]+)")), operation, run)


ROUTES: tuple[Route, ...] = (
    _route("GET", "/v1/account", "account.retrieve", _retrieve_account),
    _route("POST", "/v1/checkout/sessions", "checkout.sessions.create", _create_session),
    _route("GET", "/v1/checkout/sessions", "checkout.sessions.list", _list_sessions),
    _route("GET", "/v1/checkout/sessions/:id", "checkout.sessions.retrieve", _retrieve_session),
    _route("POST", "/v1/checkout/sessions/:id/expire", "checkout.sessions.expire", _expire_session),
    _route("GET", "/v1/checkout/sessions/:id/line_items", "checkout.sessions.line_items.list", _list_line_items),
    _route("POST", "/v1/customers", "customers.create", _create_customer),
    _route("GET", "/v1/customers", "customers.list", _list_customers),
    _route("GET", "/v1/customers/:id", "customers.retrieve", _retrieve_customer),
    _route("POST", "/v1/customers/:id", "customers.update", _update_customer),
    _route("GET", "/v1/customers/:id/payment_methods", "customers.payment_methods.list", _list_customer_methods),
    _route("GET", "/v1/payment_methods", "payment_methods.list", _list_methods),
    _route("GET", "/v1/payment_methods/:id", "payment_methods.retrieve", _retrieve_method),
    _route("POST", "/v1/payment_methods/:id/attach", "payment_methods.attach", _attach_method),
    _route("POST", "/v1/payment_intents", "payment_intents.create", _create_intent),
    _route("GET", "/v1/payment_intents", "payment_intents.list", _list_intents),
    _route("GET", "/v1/payment_intents/:id", "payment_intents.retrieve", _retrieve_intent),
    _route("POST", "/v1/payment_intents/:id/confirm", "payment_intents.confirm", _confirm_intent),
    _route("GET", "/v1/events", "events.list", _list_events),
    _route("GET", "/v1/events/:id", "events.retrieve", _retrieve_event),
    _route("POST", "/v1/refunds", "refunds.create", _create_refund),
    _route("GET", "/v1/refunds", "refunds.list", _list_refunds),
    _route("GET", "/v1/refunds/:id", "refunds.retrieve", _retrieve_refund),
)
"""Every endpoint that the sandbox answers."""
