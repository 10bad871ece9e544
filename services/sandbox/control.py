"""The control page: faults, the dashboard's actions and the clock, for a person with a browser and a script with curl.

Its address holds a secret, and whoever knows it may do everything here. A form that is posted to it is carried out and
answered with a redirection back to the page, or with JSON for a client that asks with `Accept: application/json`.
"""

import hmac
import json
import re
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta

from services.sandbox import control_pages, pages
from services.sandbox.control_pages import Scene
from services.sandbox.dashboard import Dashboard
from services.sandbox.errors import Refused, SandboxError
from services.sandbox.faults import Calls, Fault, Faults
from services.sandbox.hosted import Reply
from services.sandbox.malformed import MALFORMED

Form = Mapping[str, str]

_REMEMBERED = 8
_MOST = 1000
_AMOUNT = re.compile(r"([0-9]{1,6})(?:\.([0-9]{2}))?")


class ControlPage:
    """Serves the control page of one sandbox at `path`."""

    def __init__(self, dashboard: Dashboard, faults: Faults) -> None:
        self.path = f"/control/{secrets.token_urlsafe(24)}"
        self._dashboard = dashboard
        self._faults = faults
        self._done: deque[str] = deque(maxlen=_REMEMBERED)
        self._actions: Mapping[str, Callable[[Form], str]] = {
            "fault": self._script,
            "release": self._release,
            "clear": self._clear,
            "pay": self._pay,
            "expire": self._expire,
            "refund": self._refund,
            "fail_refund": self._fail_refund,
            "decline_card": self._decline_card,
            "advance": self._advance,
        }

    def reply(self, method: str, path: str, form: Form, *, as_json: bool) -> Reply:
        """Answer a browser or a script. Any other path than the page's own is not there."""
        if not hmac.compare_digest(path.encode(), self.path.encode()):
            return Reply(404, pages.notice("Nothing here", "There is no such page."))
        if method != "POST":
            return _json(200, asdict(self._scene())) if as_json else self._page(200)
        try:
            done = self._act(form)
        except SandboxError as refusal:
            return _json(400, {"error": str(refusal)}) if as_json else self._page(400, str(refusal))
        self._done.appendleft(done)
        return _json(200, {"did": done}) if as_json else Reply(303, location=self.path)

    def _page(self, status: int, alarm: str | None = None) -> Reply:
        return Reply(status, control_pages.control(self.path, self._scene(), alarm))

    def _scene(self) -> Scene:
        return Scene(
            now=self._dashboard.now,
            done=tuple(self._done),
            faults=tuple(control_pages.seen(fault) for fault in reversed(self._faults.scripted)),
            sessions=self._dashboard.sessions[::-1],
            payments=self._dashboard.payments[::-1],
        )

    def _act(self, form: Form) -> str:
        """Carry out one form; returns what it did, as a sentence."""
        action = self._actions.get(form.get("action", ""))
        if action is None:
            raise Refused(f"The actions are {', '.join(self._actions)}.", param="action")
        return action(form)

    def _script(self, form: Form) -> str:
        name = form.get("fault", "")
        calls: Calls = {
            "times": None if form.get("times") == "always" else _whole(form, "times", least=1, default=1),
            "skip": _whole(form, "skip", default=0),
            "method": form.get("method") or None,
            "path": form.get("path") or None,
        }
        if name in MALFORMED:
            fault = self._faults.malform(name, **calls)
        elif name in set(Fault) - {Fault.MALFORMED}:
            fault = self._faults.add(Fault(name), seconds=_whole(form, "seconds", default=5), **calls)
        else:
            raise Refused(f"No fault is called {name or 'nothing'}.", param="fault")
        seen = control_pages.seen(fault)
        return f"Scripted {seen.name} for {seen.calls}, {seen.times}."

    def _release(self, _: Form) -> str:
        for fault in self._faults.scripted:
            fault.release()
        return "Released what was held."

    def _clear(self, _: Form) -> str:
        count = len(self._faults.scripted)
        self._faults.clear()
        return f"Took back {count} {'fault' if count == 1 else 'faults'}."

    def _pay(self, form: Form) -> str:
        session_id = _required(form, "session")
        self._dashboard.pay(session_id, form.get("card") or "4242424242424242")
        return f"Paid {session_id}."

    def _expire(self, form: Form) -> str:
        session_id = _required(form, "session")
        self._dashboard.expire(session_id)
        return f"Expired {session_id}."

    def _refund(self, form: Form) -> str:
        payment_id = _required(form, "payment")
        amount_cents = _cents(form["amount"]) if form.get("amount") else None
        refund_id = self._dashboard.refund(payment_id, amount_cents)
        return f"Refunded {form.get('amount') or 'the rest'} of {payment_id} as {refund_id}."

    def _fail_refund(self, form: Form) -> str:
        refund_id = _required(form, "refund")
        self._dashboard.fail_refund(refund_id)
        return f"The refund {refund_id} failed."

    def _decline_card(self, form: Form) -> str:
        method_id, reason = _required(form, "payment_method"), form.get("reason") or "insufficient_funds"
        try:
            self._dashboard.decline_card(method_id, reason)
        except ValueError as error:
            raise Refused(str(error), param="reason") from None
        return f"The card {method_id} declines from now on: {reason}."

    def _advance(self, form: Form) -> str:
        by = timedelta(days=_whole(form, "days", default=0), hours=_whole(form, "hours", default=0))
        self._dashboard.advance(by)
        return f"Set the clock ahead by {by}."


def _json(status: int, body: object) -> Reply:
    return Reply(status, json.dumps(body, indent=2) + "\n", content_type="application/json")


def _required(form: Form, name: str) -> str:
    if not form.get(name):
        raise Refused(f"Say which: {name} is missing.", param=name)
    return form[name]


def _whole(form: Form, name: str, *, default: int, least: int = 0) -> int:
    text = form.get(name) or str(default)
    if not re.fullmatch("[0-9]{1,4}", text) or not least <= int(text) <= _MOST:
        raise Refused(f"{name} is a whole number from {least} to {_MOST}.", param=name)
    return int(text)


def _cents(text: str) -> int:
    matched = _AMOUNT.fullmatch(text)
    if matched is None:
        raise Refused("amount is a sum such as 5 or 5.00.", param="amount")
    return int(matched[1]) * 100 + int(matched[2] or "0")
