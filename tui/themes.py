"""The desk's own two themes; Textual's others work as well."""

from textual.theme import Theme

PAYDESK_DARK = Theme(
    name="paydesk-dark",
    dark=True,
    primary="#7aa2f7",
    secondary="#8c9bbd",
    accent="#7aa2f7",
    foreground="#d5d9e2",
    background="#14161b",
    surface="#1a1d24",
    panel="#22262f",
    success="#8fc07a",
    warning="#d9b062",
    error="#e5737d",
    variables={
        "border": "#7aa2f7",
        "border-blurred": "#3a404d",
        "block-cursor-background": "#2c3a5c",
        "block-cursor-foreground": "#eef1f8",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#22262f",
        "block-cursor-blurred-foreground": "#d5d9e2",
        "footer-background": "#1a1d24",
        "footer-foreground": "#9aa2b1",
        "footer-key-foreground": "#7aa2f7",
        "input-selection-background": "#7aa2f7 30%",
        "scrollbar": "#3a404d",
        "scrollbar-background": "#14161b",
        "scrollbar-corner-color": "#14161b",
    },
)

PAYDESK_LIGHT = Theme(
    name="paydesk-light",
    dark=False,
    primary="#2456b5",
    secondary="#5b667a",
    accent="#2456b5",
    foreground="#22262e",
    background="#fafaf7",
    surface="#f1f1ec",
    panel="#e5e5de",
    success="#2f7a36",
    warning="#8a5a00",
    error="#b3261e",
    variables={
        "border": "#2456b5",
        "border-blurred": "#c3c4bd",
        "block-cursor-background": "#cfdcf6",
        "block-cursor-foreground": "#14161b",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#e5e5de",
        "block-cursor-blurred-foreground": "#22262e",
        "footer-background": "#f1f1ec",
        "footer-foreground": "#5d6470",
        "footer-key-foreground": "#2456b5",
        "input-selection-background": "#2456b5 25%",
        "scrollbar": "#c3c4bd",
        "scrollbar-background": "#fafaf7",
        "scrollbar-corner-color": "#fafaf7",
    },
)

THEMES = (PAYDESK_DARK, PAYDESK_LIGHT)
