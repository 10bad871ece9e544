"""The HTML of the control page. Whatever is not written here goes through `html.escape`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from services.sandbox.dashboard import PaymentView, SessionView
from services.sandbox.faults import Fault, ScriptedFault
from services.sandbox.malformed import MALFORMED
from services.sandbox.pages import money, page

_STYLE = """
main { max-width: 62rem }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.05rem }
h2 small { font-weight: 400; color: var(--soft) }
table { width: 100%; margin-bottom: .6rem; border-collapse: collapse; font-size: .85rem }
th { padding: .3rem .8rem .3rem 0; text-align: left; font-weight: 500; color: var(--soft) }
td { padding: .3rem .8rem .3rem 0; border-top: 1px solid var(--line); vertical-align: middle }
code { font-size: .8rem; overflow-wrap: anywhere }
form { display: inline-flex; flex-wrap: wrap; gap: .4rem; align-items: end; margin: 0 .3rem .3rem 0 }
button { width: auto; margin: 0; padding: .4rem .8rem; font-size: .85rem }
input, select { display: inline-block; width: auto; margin: 0; padding: .35rem .5rem; font: inherit; font-size: .85rem;
  color: var(--ink); background: var(--sheet); border: 1px solid var(--line); border-radius: 8px }
input[name=amount], input[name=times], input[name=skip], input[name=hours], input[name=days] { width: 5rem }
label { margin: 0 } .none { color: var(--soft) } .done { margin: 0; font-size: .85rem; color: var(--soft) }
"""
_SHOWN = 25
_PRESETS: Mapping[str, dict[str, str]] = {
    "The answer is lost, every time": {"fault": "reset_after", "times": "always"},
    "The answer is cut in half, every time": {"fault": "truncated", "times": "always"},
    "Silence after success × 3": {"fault": "timeout_after_success", "times": "3"},
    "Silence before anything × 3": {"fault": "timeout_before", "times": "3"},
    "429 × 3": {"fault": "rate_limited", "times": "3"},
    "500, kept for its key": {"fault": "server_error"},
    "502 in HTML": {"fault": "bad_gateway"},
    "Answers after 10 s": {"fault": "slow", "seconds": "10"},
    "Hold the answer until released": {"fault": "hold_after"},
    "Another amount": {"fault": "amount_of_another"},
}
_PATHS = ("/v1/checkout/sessions", "/v1/checkout/sessions/*", "/v1/payment_intents", "/v1/refunds", "/v1/events")


@dataclass(frozen=True)
class FaultView:
    """A scripted fault as the page shows it."""

    name: str
    calls: str
    times: str
    landed: int
    pending: bool


@dataclass(frozen=True)
class Scene:
    """What the control page shows: the sandbox's time, what was done here last, and everything else newest first."""

    now: int
    done: tuple[str, ...]
    faults: tuple[FaultView, ...]
    sessions: tuple[SessionView, ...]
    payments: tuple[PaymentView, ...]


def seen(fault: ScriptedFault) -> FaultView:
    """A fault in words."""
    return FaultView(
        name=fault.name,
        calls=f"{fault.method or 'any method'} {fault.path or 'any path'}",
        times="until taken back" if fault.times is None else f"{fault.times} ×",
        landed=fault.landed,
        pending=fault.pending,
    )


def control(path: str, scene: Scene, alarm: str | None = None) -> str:
    """The page, with why the last form was refused."""
    form = _Forms(path)
    refused = "" if alarm is None else f'<p class="alarm" role="alert">{escape(alarm)}</p>'
    done = "".join(f'<p class="done">{escape(sentence)}</p>' for sentence in scene.done)
    body = (
        f'<h1>Sandbox</h1><p class="amount">Control</p>{refused}{done}'
        "<h2>The next call that creates something <small>goes wrong like this</small></h2>"
        + "".join(form.button(label, {"action": "fault", "method": "POST"} | what) for label, what in _PRESETS.items())
        + "<h2>Any fault</h2>"
        + form.fault()
        + "<h2>Faults <small>and how often they landed</small></h2>"
        + _faults(scene.faults)
        + form.button("Release what is held", {"action": "release"}, quiet=True)
        + form.button("Take all back", {"action": "clear"}, quiet=True)
        + f"<h2>Checkouts</h2>{_sessions(form, scene.sessions)}"
        + f"<h2>Payments</h2>{_payments(form, scene.payments)}"
        + f"<h2>Clock <small>{_moment(scene.now)}</small></h2>"
        + form.button("1 hour ahead", {"action": "advance", "hours": "1"}, quiet=True)
        + form.button("1 day ahead", {"action": "advance", "days": "1"}, quiet=True)
        + form.fields("Set ahead", "advance", _input("hours", "hours"), _input("days", "days"))
        + f'<nav><a href="{escape(path)}">Refresh</a></nav>'
    )
    return page("Sandbox control", body, style=_STYLE)


class _Forms:
    """Forms that post to the control page."""

    def __init__(self, path: str) -> None:
        self._path = path

    def button(self, label: str, hidden: Mapping[str, str], *, quiet: bool = False) -> str:
        """A form that is nothing but its button."""
        return self._form(label, hidden, "", quiet=quiet)

    def fields(self, label: str, action: str, *inputs: str, **hidden: str) -> str:
        """A form with fields to fill in."""
        return self._form(label, {"action": action} | hidden, "".join(inputs), quiet=True)

    def fault(self) -> str:
        """The form for any fault."""
        kinds = "".join(f"<option>{kind.value}</option>" for kind in Fault if kind is not Fault.MALFORMED)
        malformed = "".join(f"<option>{escape(name)}</option>" for name in MALFORMED)
        paths = "".join(f'<option value="{path}">' for path in _PATHS)
        return self.fields(
            "Script it",
            "fault",
            f'<select name="fault">{kinds}<optgroup label="a malformed answer">{malformed}</optgroup></select>',
            '<select name="method"><option value="">any method</option><option>POST</option><option>GET</option>'
            "</select>",
            f'<input name="path" placeholder="any path" list="paths"><datalist id="paths">{paths}</datalist>',
            _input("times", "times"),
            _input("skip", "skip first"),
        )

    def _form(self, label: str, hidden: Mapping[str, str], inputs: str, *, quiet: bool) -> str:
        carried = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items()
        )
        look = ' class="quiet"' if quiet else ""
        return (
            f'<form method="post" action="{escape(self._path)}">{carried}{inputs}'
            f"<button{look}>{escape(label)}</button></form>"
        )


def _input(name: str, hint: str) -> str:
    return f'<input name="{name}" placeholder="{escape(hint)}" autocomplete="off" aria-label="{escape(hint)}">'


def _faults(faults: Sequence[FaultView]) -> str:
    rows = [
        (
            f"<code>{escape(fault.name)}</code>",
            escape(fault.calls),
            escape(fault.times),
            f"landed {fault.landed} ×",
            "waiting" if fault.pending else "over",
        )
        for fault in faults
    ]
    return _table(("Fault", "Calls", "Times", "", ""), rows)


def _sessions(form: _Forms, sessions: Sequence[SessionView]) -> str:
    rows = [
        (
            f'<a href="/pay/{escape(session.id)}"><code>{escape(session.id)}</code></a>',
            _moment(session.created),
            escape(money(session.amount_total_cents, session.currency)),
            escape(session.client_reference_id or ""),
            escape(f"{session.status}, {session.payment_status}"),
            form.button("Pay", {"action": "pay", "session": session.id})
            + form.button("Expire", {"action": "expire", "session": session.id}, quiet=True)
            if session.status == "open"
            else "",
        )
        for session in sessions
    ]
    return _table(("Session", "Created", "Amount", "Reference", "Status", ""), rows)


def _payments(form: _Forms, payments: Sequence[PaymentView]) -> str:
    rows = [
        (
            f"<code>{escape(payment.id)}</code>",
            _moment(payment.created),
            escape(money(payment.amount_cents, payment.currency)),
            escape(payment.status),
            _refunds(form, payment),
            _payment_actions(form, payment),
        )
        for payment in payments
    ]
    return _table(("Payment", "Created", "Amount", "Status", "Refunds", ""), rows)


def _refunds(form: _Forms, payment: PaymentView) -> str:
    return "<br>".join(
        escape(f"{money(refund.amount_cents, payment.currency)} {refund.status}")
        + (
            ""
            if refund.status == "failed"
            else " " + form.button("Fails", {"action": "fail_refund", "refund": refund.id}, quiet=True)
        )
        for refund in payment.refunds
    )


def _payment_actions(form: _Forms, payment: PaymentView) -> str:
    if payment.status != "succeeded":
        return ""
    actions = ""
    if payment.refunded_cents < payment.amount_cents:
        actions += form.fields("Refund", "refund", _input("amount", "the rest"), payment=payment.id)
    if payment.customer_id is not None and payment.payment_method_id is not None:
        hidden = {"action": "decline_card", "payment_method": payment.payment_method_id}
        actions += form.button("Its card declines from now on", hidden, quiet=True)
    return actions


def _table(heads: Iterable[str], rows: Sequence[Iterable[str]]) -> str:
    """A table of HTML cells, the first rows of many."""
    if not rows:
        return '<p class="none">None yet.</p>'
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows[:_SHOWN])
    more = f'<p class="none">and {len(rows) - _SHOWN} more</p>' if len(rows) > _SHOWN else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
