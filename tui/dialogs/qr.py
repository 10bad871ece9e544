"""A link as a QR code, for a phone beside the screen."""

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui.app import PaydeskApp
from tui.present import untrusted

QUIET = 2
"""Light modules around the code. The standard asks for four; phones read it with two, which fits more windows."""

HINT_ROWS = 1
_LIGHT, _DARK = "#ffffff", "#000000"


class QrCode(Widget):
    """The code in half blocks, two modules in a cell, dark on light whatever the theme."""

    DEFAULT_CSS = """
    QrCode { width: auto; height: auto; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._modules = qr_modules(text)

    @property
    def cells(self) -> Size:
        """What it takes on the screen."""
        return Size(len(self._modules), (len(self._modules) + 1) // 2)

    def render(self) -> RenderResult:
        """Rows of half blocks."""
        rows = [*self._modules, [False] * len(self._modules)]
        lines = []
        for upper, lower in zip(rows[::2], rows[1::2], strict=False):
            cells = [(_colour(above), _colour(below)) for above, below in zip(upper, lower, strict=True)]
            lines.append(Content.assemble(*[("▀", f"{above} on {below}") for above, below in cells]))
        return Content("\n").join(lines)


class QrDialog(ModalScreen[None]):
    """Shows a link as a QR code where the window holds it, else says how large the window would have to be."""

    HELP = "The link as a QR code: point a phone at it."
    DEFAULT_CSS = """
    QrDialog {
        .qr--page { width: 100%; height: 100%; background: $background; align: center middle; }
        .qr--row { width: 100%; height: auto; align-horizontal: center; }
        .qr--too-large { width: 60; max-width: 96%; height: auto; display: none; }
        .qr--hint { width: 100%; height: 1; text-align: center; }
        QrCode { display: block; }
        &.-too-large QrCode { display: none; }
        &.-too-large .qr--too-large { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,Q", "close", "close", tooltip="Close the code."),
        Binding("y", "copy", "copy", tooltip="Send the link to the terminal's clipboard."),
    ]

    app = getters.app(PaydeskApp)

    def __init__(self, link: str, title: str, order_id: int | None = None) -> None:
        super().__init__()
        self._link = link
        self._title = title
        self.order_id = order_id

    def compose(self) -> ComposeResult:
        """The code, or why it is not shown; under it what it is of."""
        with Vertical(classes="qr--page"):
            with Horizontal(classes="qr--row"):
                yield QrCode(self._link)
                yield Static(classes="qr--too-large")
            yield Static(untrusted(self._title) + Content.styled("   esc closes", "$text-muted"), classes="qr--hint")

    def on_resize(self) -> None:
        """Look again whether it fits."""
        needed = self.query_one(QrCode).cells
        here = self.app.size
        self.set_class(needed.width > here.width or needed.height + HINT_ROWS > here.height, "-too-large")
        sentence = (
            f"A QR code of this link needs {needed.width} columns and {needed.height + HINT_ROWS} rows; "
            f"this window has {here.width} × {here.height}. Make it larger, or press y to copy the link."
        )
        self.query_one(".qr--too-large", Static).update(Content(sentence))

    def action_close(self) -> None:
        """Close the code."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the link."""
        self.app.copy(self._link)


def qr_modules(text: str) -> list[list[bool]]:
    """The code of `text` as rows of modules, True for dark, with the quiet zone around it."""
    import segno

    # The least error correction makes the smallest code; a screen gets no stains.
    code = segno.make(text, error="l", micro=False, boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix_iter(scale=1, border=QUIET)]


def _colour(dark: bool) -> str:
    return _DARK if dark else _LIGHT
