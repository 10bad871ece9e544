"""The hosted payment page: what a person sees at a session's `url`, and what a press of its buttons does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.sandbox import pages
from services.sandbox.checkout import Payment, pay_session
from services.sandbox.errors import AuthenticationNeeded, Refused
from services.sandbox.objects import CheckoutSession
from services.sandbox.state import State

_PATH = re.compile(r"/pay/(?P<id>[A-Za-z0-9_]+)(?P<part>/done|/canceled)?")
_OUTCOMES: Mapping[str, bool | None] = {"": None, "pay": None, "complete": True, "fail": False}
"""The form's `outcome`: how the bank's question was answered, None before it was asked."""


@dataclass(frozen=True)
class Reply:
    """A page, the redirection to one, or what a script reads instead."""

    status: int
    body: str = ""
    location: str | None = None
    content_type: str = "text/html; charset=utf-8"


class HostedPage:
    """Serves the hosted payment pages of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def reply(self, method: str, path: str, form: Mapping[str, str]) -> Reply:
        """Answer a browser."""
        matched = _PATH.fullmatch(path)
        with self._state.lock:
            self._state.expire_overdue()
            session = None if matched is None else self._state.find(matched["id"])
            if matched is None or not isinstance(session, CheckoutSession):
                return Reply(404, pages.notice("Nothing here", "There is no such checkout."))
            if session.status != "open":
                return _over(session)
            if matched["part"] is not None:
                return _left(session) if matched["part"] == "/canceled" else _to(session, "")
            if method != "POST":
                return Reply(200, pages.payment_form(session))
            return self._pay(session, form)

    def _pay(self, session: CheckoutSession, form: Mapping[str, str]) -> Reply:
        outcome = form.get("outcome", "")
        if outcome not in _OUTCOMES:
            return Reply(400, pages.payment_form(session, form, "This button is not known."))
        email = session.email or form.get("email", "").strip()
        if "@" not in email:
            return Reply(400, pages.payment_form(session, form, "Enter an e-mail address."))
        payment = Payment(
            card=form.get("card", ""),
            email=email,
            promotion_code=form.get("promotion_code", ""),
            authenticated=_OUTCOMES[outcome],
        )
        try:
            pay_session(self._state, session, payment)
        except AuthenticationNeeded:
            return Reply(200, pages.authentication_step(session, form))
        except Refused as refused:
            return Reply(refused.status, pages.payment_form(session, form, refused.message))
        return _to(session, "/done")


def _to(session: CheckoutSession, part: str) -> Reply:
    return Reply(303, location=f"/pay/{session.id}{part}")


def _left(session: CheckoutSession) -> Reply:
    onward = session.request.get("cancel_url")
    text = "Nothing was charged. The checkout is still open."
    links = {"Back to the payment": f"/pay/{session.id}"} | ({"Back to the shop": onward} if onward else {})
    return Reply(200, pages.notice("Not paid", text, links))


def _over(session: CheckoutSession) -> Reply:
    if session.status == "expired":
        return Reply(200, pages.notice("Expired", "This checkout has expired. Nothing was charged."))
    # The shop's own page may have nothing listening behind it, so the person sees the outcome here first.
    onward = session.request["success_url"].replace("{CHECKOUT_SESSION_ID}", session.id)
    text = f"{pages.money(session.total_cents, session.currency)} for {session.line_items[0].name}."
    return Reply(200, pages.notice("Paid", text, {"Continue to the shop": onward}))
