"""The errors of paydesk: each has a machine code and a sentence fit for a screen.

A sentence never holds a secret: not a key, a password, a URL with credentials or the body of a reply.
"""

from datetime import datetime
from typing import ClassVar


class PaydeskError(Exception):
    """The root: `code` is stable for programs, `sentence` is for the person, `field` names the bad input."""

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class InvalidInput(PaydeskError):
    """A value breaks a rule; `field` names the value and the sentence names the rule. Nothing was changed."""

    code = "invalid_input"


class UnclearTime(InvalidInput):
    """A local time that stands for no single instant; `candidates` are the two, in UTC, that may be meant."""

    code = "unclear_time"

    def __init__(self, sentence: str, *, field: str, candidates: tuple[datetime, datetime]) -> None:
        super().__init__(sentence, field=field)
        self.candidates = candidates


class NonexistentTime(UnclearTime):
    """A local time that clocks skip as they go forward; the candidates are the times next to the gap."""

    code = "nonexistent_time"


class AmbiguousTime(UnclearTime):
    """A local time that clocks show twice as they go back; the candidates are the two instants."""

    code = "ambiguous_time"


class NotFound(PaydeskError):
    """What was asked for by id, e-mail or code does not exist."""

    code = "not_found"


class Conflict(PaydeskError):
    """The state of the desk does not allow the change. Nothing was changed."""

    code = "conflict"


class CodeRefused(Conflict):
    """A discount code cannot be used; `reason` is its machine code (see `domain.discount.Refusal`)."""

    code = "code_refused"

    def __init__(self, sentence: str, *, reason: str) -> None:
        super().__init__(sentence, field="discount_code")
        self.reason = reason


class StalePrice(Conflict):
    """The prices were changed by somebody else since the version that an edit was made on."""

    code = "stale_price"


class NeedsConfirmation(Conflict):
    """A price that is seldom meant: `field` names it, and `price_cents` is what is to be typed again to confirm it."""

    code = "needs_confirmation"

    def __init__(self, sentence: str, *, field: str, price_cents: int) -> None:
        super().__init__(sentence, field=field)
        self.price_cents = price_cents


class StaleTerms(Conflict):
    """The terms of a code were changed by somebody else since those that an edit was made on."""

    code = "stale_terms"


class IdempotencyConflict(Conflict):
    """An idempotency key was used again for a different request."""

    code = "idempotency_conflict"


class ConfigurationError(PaydeskError):
    """The settings do not allow the desk to start or to do what was asked."""

    code = "configuration"


class StripeNotConfigured(ConfigurationError):
    """There is no Stripe key, so nothing can be asked of Stripe."""

    code = "stripe_not_configured"

    def __init__(self) -> None:
        super().__init__("Stripe not configured")


class DatabaseVersionMismatch(ConfigurationError):
    """The database was written by an older or a newer paydesk, or is not paydesk's."""

    code = "database_version"


class TryAgain(PaydeskError):
    """The work did not happen, for a reason that passes; doing it again is safe.

    `request_id` finds the call in Stripe's logs, where it was one that Stripe answered.
    """

    code = "try_again"

    def __init__(self, sentence: str, *, request_id: str | None = None) -> None:
        super().__init__(sentence)
        self.request_id = request_id


class OutcomeUnknown(PaydeskError):
    """Whether the work happened is not known. It is found out by key, never by doing it again under a new one.

    `request_id` finds the call in Stripe's logs, where it was one that Stripe answered.
    """

    code = "outcome_unknown"

    def __init__(self, sentence: str, *, request_id: str | None = None) -> None:
        super().__init__(sentence)
        self.request_id = request_id


class GatewayError(PaydeskError):
    """Stripe answered, and not with what was asked. `request_id` finds the call in Stripe's logs."""

    code = "gateway"

    def __init__(self, sentence: str, *, request_id: str | None = None, field: str | None = None) -> None:
        super().__init__(sentence, field=field)
        self.request_id = request_id


class GatewayRefused(GatewayError):
    """Stripe refused the request for good: the same request would be refused again."""

    code = "gateway_refused"


class CardDeclined(GatewayRefused):
    """The bank did not agree to the charge: nothing was taken. `decline_code` is Stripe's word for why.

    `payment_intent_id` names the attempt, where Stripe told it.
    """

    code = "card_declined"

    def __init__(
        self,
        sentence: str,
        *,
        decline_code: str,
        payment_intent_id: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(sentence, request_id=request_id)
        self.decline_code = decline_code
        self.payment_intent_id = payment_intent_id


class GatewayDenied(GatewayError):
    """Stripe does not accept the key, or the key lacks a right. It says nothing about any order."""

    code = "gateway_denied"


class GatewayUnreadable(GatewayError):
    """Stripe's reply is not what its contract promises, so nothing in it is believed."""

    code = "gateway_unreadable"
