"""A local, stateful stand-in for Stripe: the counterpart of the tests and of the demo."""

from services.sandbox.errors import CardRefused, Refused, SandboxError
from services.sandbox.parameters import ParameterError, check_parameters
from services.sandbox.server import Sandbox
from services.sandbox.service import RecordedRequest

__all__ = [
    "CardRefused",
    "ParameterError",
    "RecordedRequest",
    "Refused",
    "Sandbox",
    "SandboxError",
    "check_parameters",
]
