"""How a fault shows on the wire, once its call is executed or was kept from it."""

from dataclasses import replace
from typing import Protocol

from services.sandbox.answers import Answer
from services.sandbox.faults import Fault, Unanswered, Use
from services.sandbox.malformed import mutated
from services.sandbox.service import ApiRequest, ApiService

_HUGE_BYTES = 10_000_000
_PROXY = Answer(
    502,
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
    {"Content-Type": "text/html"},
)


class Wire(Protocol):
    """The connection to a client, as far as a fault needs it."""

    def deliver(self, given: Answer) -> None:
        """Send an answer."""

    def deliver_half(self, given: Answer) -> None:
        """Announce an answer, send half of its body and hang up."""

    def stay_silent(self) -> None:
        """Send nothing until the client has gone or the sandbox stops."""

    def reset(self) -> None:
        """Reset the connection."""

    def hang_up(self) -> None:
        """Close the connection."""


def answer_through(use: Use, service: ApiService, request: ApiRequest, wire: Wire) -> None:
    """Answer a call that a fault has hold of."""
    with use:
        try:
            given = service.answer(request, use)
        except Unanswered:
            _leave(use, wire)
        else:
            _deliver(use, given, wire)


def _leave(use: Use, wire: Wire) -> None:
    match use.fault.kind:
        case Fault.TIMEOUT_BEFORE:
            wire.stay_silent()
        case Fault.RESET_BEFORE:
            wire.reset()
        case _:
            wire.hang_up()


def _deliver(use: Use, given: Answer, wire: Wire) -> None:
    match use.fault.kind:
        case Fault.TIMEOUT_AFTER_SUCCESS:
            use.land()
            wire.stay_silent()
        case Fault.RESET_AFTER:
            use.land()
            wire.reset()
        case Fault.TRUNCATED:
            use.land()
            wire.deliver_half(given)
        case Fault.HOLD_AFTER:
            use.land()
            _deliver_if(use.hold(), given, wire)
        case Fault.SLOW:
            use.land()
            _deliver_if(use.pause(), given, wire)
        case Fault.BAD_GATEWAY:
            use.land()
            wire.deliver(_PROXY)
        case Fault.HUGE:
            use.land()
            # White space after JSON is JSON still, and costs the sandbox no second copy.
            wire.deliver(replace(given, body=given.body.ljust(_HUGE_BYTES)))
        case Fault.MALFORMED:
            wire.deliver(_malformed(use, given))
        case _:
            wire.deliver(given)


def _deliver_if(released: bool, given: Answer, wire: Wire) -> None:
    if released:
        wire.deliver(given)
    else:
        wire.hang_up()


def _malformed(use: Use, given: Answer) -> Answer:
    """The answer with its body changed, where it is a good one and there is something to change."""
    if given.status != 200 or use.fault.mutation is None:
        return given
    body = mutated(given.body, use.fault.mutation)
    if body is None:
        return given
    use.land()
    return replace(given, body=body)
