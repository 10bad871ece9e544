"""What can be done on the Balances screen."""

from tui.commands import Command


class Find(Command):
    """Goes to the account finder."""

    key = "slash"
    label = "find"
    help = "Find an account by id, e-mail, order number or Stripe id."
    first = True


class FilterEntries(Command):
    """Goes to the filter of the ledger."""

    key = "f"
    label = "filter"
    help = "Filter the ledger by kind, sign, amount, period, text, order or person."
    first = True


class FilterForm(Command):
    """Opens the filter as a form."""

    key = "F,f2"
    label = "filter form…"
    help = "Show the filter as a form, with a field for each of its parts."


class Credit(Command):
    """Opens the form that adds to the balance."""

    key = "c"
    label = "credit…"
    help = "Add credit to the account, with a reason; a form shows the effect first."


class Deduction(Command):
    """Opens the form that takes from the balance."""

    key = "d"
    label = "deduct…"
    help = "Deduct from the account, with a reason; a form shows the effect first."


class Reverse(Command):
    """Opens the form that takes the entry under the cursor back."""

    key = "v"
    label = "reverse…"
    help = "Reverse the entry under the cursor, once and with a reason; a form shows the effect first."


class JumpTo(Command):
    """Asks for a place in the ledger."""

    key = "colon,ctrl+g"
    label = "go to…"
    help = "Go to a day, a moment, or the number of an entry."


class Export(Command):
    """Opens the form that writes a file."""

    key = "e"
    label = "export…"
    help = "Write exactly what the filter shows to a new file, as CSV or JSON Lines."


class AsOfMoment(Command):
    """Asks for a moment."""

    key = "a"
    label = "as of…"
    help = "Show balance and ledger as they were at a moment; nothing is posted while that is shown."


class ShowStatement(Command):
    """Opens the statement."""

    key = "s"
    label = "statement…"
    help = "Show opening, totals by kind and closing of a period."


class Verify(Command):
    """Verifies the account."""

    key = "V"
    label = "verify"
    help = "Verify that the account's entries add up and are what was sealed; the first that is wrong is named."


class VerifyEverything(Command):
    """Verifies all that is stored."""

    key = "W"
    label = "verify everything"
    help = "Verify all that is stored: every account and its seals, orders, refunds, codes and who changed what."


class MakeAccount(Command):
    """Opens the form for a new account."""

    key = "n,ctrl+n"
    label = "new account…"
    help = "Make an account for an e-mail address."
