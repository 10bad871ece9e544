"""The settings: what they are, what each may be, and its default. `services.environment` knows where they come from."""

import re
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.environment import default_database_url, given, text_of
from services.errors import ConfigurationError

STRIPE_API_BASE = "https://api.stripe.com"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECRET_KEY = re.compile(r"(sk|rk)_(test|live)_[!-~]+")


class Settings(BaseSettings):
    """Every setting, with its default. Amounts are in cents."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    price_rrp_cents: int = Field(default=4999, ge=0, le=99_999_999)
    price_launch_cents: int = Field(default=2999, ge=0, le=99_999_999)
    price_sale_cents: int = Field(default=2499, ge=0, le=99_999_999)
    price_mode: Literal["rrp", "launch", "sale"] = "launch"
    initial_credit_cents: int | None = Field(default=None, ge=0, le=99_999_999)

    product_name: str = Field(default="Thunderbird Access", min_length=1, max_length=200)
    currency: Literal["usd"] = "usd"
    base_url: str = "http://localhost:8000"
    business_zone: str = "Europe/London"
    allow_promotion_codes: bool = True

    stripe_secret_key: SecretStr = SecretStr("")
    stripe_publishable_key: str = ""
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str = STRIPE_API_BASE
    allow_live: bool = False

    database_url: SecretStr = Field(default_factory=lambda: SecretStr(default_database_url()))

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_default(cls, value: object, info: ValidationInfo) -> object:
        """An empty value stands for the default, and so an empty key for none."""
        return cls.model_fields[str(info.field_name)].get_default(call_default_factory=True) if value == "" else value

    @field_validator("price_rrp_cents", "price_launch_cents", "price_sale_cents", "initial_credit_cents", mode="before")
    @classmethod
    def _plain_digits(cls, value: object) -> object:
        """`int()` would take `1_000`, `4999.0` and other scripts' digits for a number of cents."""
        if isinstance(value, str) and re.fullmatch("[0-9]{0,8}", value) is None:
            raise ValueError("an amount is a whole number of cents, in at most eight digits")
        return value

    @field_validator("base_url", "stripe_api_base")
    @classmethod
    def _without_trailing_slash(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("an address starts with http:// or https://")
        return url.rstrip("/")

    @field_validator("business_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError("a time zone has a name like Europe/London") from None

    @property
    def stripe_configured(self) -> bool:
        """Whether there is a Stripe key at all."""
        return bool(self.stripe_secret_key.get_secret_value())

    @property
    def livemode(self) -> bool:
        """Whether the Stripe key moves real money."""
        return "_live_" in self.stripe_secret_key.get_secret_value()[:8]

    def check_stripe_key(self) -> None:
        """Raises `ConfigurationError` for a key that is not a secret key, is live without `ALLOW_LIVE`, or would
        leave the machine in clear."""
        key = self.stripe_secret_key.get_secret_value()
        if key and _SECRET_KEY.fullmatch(key) is None:
            raise ConfigurationError(
                "STRIPE_SECRET_KEY does not look like a Stripe secret key: it starts with sk_test_ or rk_test_.",
                field="stripe_secret_key",
            )
        if self.livemode and not self.allow_live:
            raise ConfigurationError(
                "STRIPE_SECRET_KEY is a live key, which moves real money. Use a test key, or set ALLOW_LIVE=true.",
                field="stripe_secret_key",
            )
        address = urlsplit(self.stripe_api_base)
        if key and address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ConfigurationError(
                "STRIPE_API_BASE would send the key in clear: it starts with https://, or is on this machine.",
                field="stripe_api_base",
            )


def sources() -> dict[str, str]:
    """Where each setting comes from: `"environment"`, one of the two files, or `"default"`."""
    values = given()
    return {name: values[name].source if text_of(name, values) else "default" for name in Settings.model_fields}


def load_settings() -> Settings:
    """The settings as the environment and the files give them.

    Raises `ConfigurationError` naming the setting and the rule it breaks, never its value; also where a file cannot be
    read, or can be read by others though it may hold a key.
    """
    from pydantic import ValidationError

    texts: dict[str, Any] = {name: value.text for name, value in given().items() if name in Settings.model_fields}
    try:
        return Settings(_env_file=None, **texts)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = str(problem["loc"][0])
        raise ConfigurationError(
            f"{name.upper()}: {problem['msg'].removeprefix('Value error, ')}.", field=name
        ) from None
