"""The look of the sandbox's pages, and the HTML of the hosted one. Data goes through `html.escape`, all of it."""

from collections.abc import Mapping
from html import escape

from services.sandbox.cards import CARDS
from services.sandbox.checkout import PROMOTION_CODES
from services.sandbox.objects import CheckoutSession

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #697386; --line: #d8dee8; --page: #f6f8fb;
  --sheet: #fff; --accent: #4f46e5; --alarm: #b3093c }
@media (prefers-color-scheme: dark) { :root { --ink: #eef1f7; --soft: #9aa5b8; --line: #333b4d;
  --page: #0f131c; --sheet: #181e2a; --accent: #8b87ff; --alarm: #ff8fa8 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 30rem; margin: 6vh auto; padding: 2rem; background: var(--sheet);
  border: 1px solid var(--line); border-radius: 14px }
h1 { margin: 0; font-size: 1.05rem; font-weight: 500; color: var(--soft) }
.amount { margin: 0 0 1.5rem; font-size: 2.4rem; font-weight: 650; letter-spacing: -.02em }
.badge { float: right; padding: .1rem .6rem; border-radius: 99px; background: var(--page);
  color: var(--soft); font-size: .75rem }
label { display: block; margin-bottom: .9rem; font-size: .85rem; color: var(--soft) }
input { display: block; width: 100%; margin-top: .25rem; padding: .65rem .75rem; font: inherit;
  color: var(--ink); background: var(--sheet); border: 1px solid var(--line); border-radius: 8px }
input:focus { outline: 2px solid var(--accent); border-color: transparent }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem }
button { width: 100%; padding: .8rem; margin-top: .5rem; font: inherit; font-weight: 600; cursor: pointer;
  color: #fff; background: #4f46e5; border: 0; border-radius: 8px }
button.quiet { color: var(--ink); background: var(--page); border: 1px solid var(--line) }
.alarm { padding: .65rem .85rem; border-left: 3px solid var(--alarm); color: var(--alarm) }
a { color: var(--accent) }
nav { display: flex; gap: 1.5rem; margin-top: 1rem }
details { margin-top: 1.5rem; font-size: .85rem; color: var(--soft) }
td { padding: .15rem .8rem .15rem 0 } code { color: var(--ink) }
"""


def money(amount_cents: int, currency: str) -> str:
    """An amount for a person, such as `29.99 USD`."""
    whole, part = divmod(amount_cents, 100)
    return f"{whole:,}.{part:02d} {currency.upper()}"


def payment_form(session: CheckoutSession, entered: Mapping[str, str] | None = None, refusal: str | None = None) -> str:
    """The page of an open session, with what was entered before and why that was refused."""
    entered = entered or {}
    alarm = "" if refusal is None else f'<p class="alarm" role="alert">{escape(refusal)}</p>'
    fields = [_email_field(session, entered)]
    if session.total_cents:
        fields += [
            _field("Card number", "card", entered.get("card", "4242424242424242"), 'inputmode="numeric" required'),
            '<div class="pair">',
            _field("Expiry", "expiry", entered.get("expiry", "12 / 34")),
            _field("CVC", "cvc", entered.get("cvc", "123")),
            "</div>",
        ]
    if session.request.get("allow_promotion_codes", False):
        fields.append(_field("Promotion code", "promotion_code", entered.get("promotion_code", "")))
    price = money(session.total_cents, session.currency)
    return page(
        f"Pay {price}",
        _heading(session)
        + alarm
        + f'<form method="post" action="/pay/{escape(session.id)}">'
        + "".join(fields)
        + f'<button name="outcome" value="pay">Pay {escape(price)}</button></form>'
        + f'<nav><a href="/pay/{escape(session.id)}/canceled">Cancel</a></nav>'
        + _test_cards(session),
    )


def authentication_step(session: CheckoutSession, entered: Mapping[str, str]) -> str:
    """The bank's question in the middle of a payment, with what was entered carried along."""
    carried = "".join(
        f'<input type="hidden" name="{name}" value="{escape(entered.get(name, ""))}">'
        for name in ("card", "email", "expiry", "cvc", "promotion_code")
    )
    return page(
        "Confirm the payment",
        _heading(session)
        + "<p>The card's bank asks whether this payment is yours.</p>"
        + f'<form method="post" action="/pay/{escape(session.id)}">{carried}'
        + '<button name="outcome" value="complete">Complete</button>'
        + '<button class="quiet" name="outcome" value="fail">Fail</button></form>',
    )


def notice(title: str, text: str, links: Mapping[str, str] | None = None) -> str:
    """A page that says how things stand, with links onward: label to URL."""
    onward = "".join(f'<a href="{escape(url)}">{escape(label)}</a>' for label, url in (links or {}).items())
    return page(title, f'<p class="amount">{escape(title)}</p><p>{escape(text)}</p><nav>{onward}</nav>')


def page(title: str, body: str, *, style: str = "") -> str:
    """A whole page around HTML, with rules of its own beside the common ones."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>"
        f'<body><main><span class="badge">sandbox</span>{body}</main></body></html>'
    )


def _heading(session: CheckoutSession) -> str:
    names = ", ".join(
        item.name if item.quantity == 1 else f"{item.quantity} × {item.name}" for item in session.line_items
    )
    price = money(session.total_cents, session.currency)
    return f'<h1>{escape(names)}</h1><p class="amount">{escape(price)}</p>'


def _field(label: str, name: str, value: str, attributes: str = "") -> str:
    return f'<label>{label}<input name="{name}" value="{escape(value)}" autocomplete="off" {attributes}></label>'


def _email_field(session: CheckoutSession, entered: Mapping[str, str]) -> str:
    if session.email is not None:
        return _field("E-mail", "email", session.email, "readonly")
    return _field("E-mail", "email", entered.get("email", "customer@example.com"), 'type="email" required')


def _test_cards(session: CheckoutSession) -> str:
    rows = "".join(
        f"<tr><td><code>{card.number}</code></td><td>{escape(card.meaning)}</td></tr>" for card in CARDS.values()
    )
    if session.request.get("allow_promotion_codes", False):
        rows += "".join(
            f"<tr><td><code>{code}</code></td><td>{percent} % off</td></tr>"
            for code, percent in PROMOTION_CODES.items()
        )
    return f"<details open><summary>Test cards</summary><table>{rows}</table></details>"
