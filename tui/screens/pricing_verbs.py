"""What can be done on the pricing screen."""

from tui.commands import Command


class ShowChange(Command):
    """Shows the change under the cursor."""

    key = "enter"
    label = "details"
    help = "Show all of the change under the cursor."


class EditPrices(Command):
    """Goes to the form."""

    key = "e"
    label = "edit"
    help = "Go to the form that changes mode and prices."


class SavePrices(Command):
    """Asks to confirm the change."""

    key = "ctrl+s"
    label = "save…"
    help = "Show the change before → after, and save it once it is confirmed."


class RestorePrices(Command):
    """Proposes the prices of an earlier version."""

    key = "v"
    label = "put back…"
    help = "Fill the form with the prices of the version under the cursor; saving them is a new change."


class WithdrawChange(Command):
    """Takes back a change that is pending."""

    key = "w"
    label = "withdraw…"
    help = "Take back the change under the cursor, which has yet to take effect."


class EndPrices(Command):
    """Ends the prices in force before their time."""

    key = "n"
    label = "end now…"
    help = "End the prices in force before the end that they have; those from before return."


class ExpireCheckouts(Command):
    """Ends the open checkouts with an older price."""

    key = "x"
    label = "expire…"
    help = "Show the open checkouts that keep an older price, and end them."


class ShowTimeline(Command):
    """Shows which price was charged when."""

    key = "t"
    label = "time line"
    help = "Show which price was, is and will be charged when."
