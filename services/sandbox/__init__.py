"""A local, stateful stand-in for Stripe: the counterpart of the tests and of the demo."""

from services.sandbox.dashboard import PaymentView, RefundView, SessionView
from services.sandbox.errors import CardRefused, Refused, SandboxError
from services.sandbox.faults import Fault, Faults, ScriptedFault
from services.sandbox.malformed import MALFORMED
from services.sandbox.parameters import ParameterError, check_parameters
from services.sandbox.server import Sandbox
from services.sandbox.service import RecordedRequest

__all__ = [
    "MALFORMED",
    "CardRefused",
    "Fault",
    "Faults",
    "ParameterError",
    "PaymentView",
    "RecordedRequest",
    "RefundView",
    "Refused",
    "Sandbox",
    "SandboxError",
    "ScriptedFault",
    "SessionView",
    "check_parameters",
]
