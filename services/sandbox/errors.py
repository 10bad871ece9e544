"""What the sandbox refuses, in the shape of Stripe's errors."""

from collections.abc import Mapping
from typing import Any


class SandboxError(Exception):
    """The root of what a sandbox raises."""


class Refused(SandboxError):
    """A request or a payment is refused; `status` is the HTTP status and the rest is Stripe's error object.

    `details` holds the fields that only some errors have, such as `decline_code` and `payment_intent`.
    Source: https://docs.stripe.com/api/errors
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.details = dict(details or {})

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        return {"error": error | self.details}


class CardRefused(Refused):
    """The card's bank declines, or wants its holder to authenticate: HTTP 402 with type `card_error`."""

    def __init__(self, message: str, *, code: str, decline_code: str | None = None) -> None:
        details = {} if decline_code is None else {"decline_code": decline_code}
        super().__init__(message, status=402, kind="card_error", code=code, details=details)


class AuthenticationNeeded(SandboxError):
    """The payment waits for its customer to authenticate; nothing is declined yet."""


def missing(noun: str, identifier: str, *, param: str = "id", status: int = 404) -> Refused:
    """The refusal of an id that names nothing: 404 for one in the path, 400 for one among the parameters."""
    return Refused(f"No such {noun}: '{identifier}'", status=status, code="resource_missing", param=param)


def required(param: str) -> Refused:
    """The refusal of a request that lacks a parameter."""
    return Refused(f"Missing required param: {param}.", code="parameter_missing", param=param)


def exclusive(param: str, other: str) -> Refused:
    """The refusal of two parameters that exclude each other."""
    return Refused(f"You may only specify one of these parameters: {param}, {other}.", param=param)
