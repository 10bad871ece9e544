"""What the Balances screen says in place of entries, and about how far a search is."""

from textual.content import Content

from services.domain.history import Tally
from tui.present import MONTHS
from tui.widgets.ledger_search import LedgerSearch

NO_ACCOUNT = Content.assemble(
    "No account is chosen. Press ", ("/", "bold"), " to find an account, ", ("n", "bold"), " to create one."
)
NO_ENTRIES = Content.assemble("No entries yet: a paid checkout makes one, or press ", ("c", "bold"), " to add credit.")
READING = Content("Reading the ledger …")
NONE_IN_PERIOD = Content.assemble("No entries in this period. ", ("escape", "bold"), " clears the filter.")
NONE_YET_THEN = Content.assemble("There were no entries yet. ", ("escape", "bold"), " goes back to now.")
ORDER = Content("newest first, UTC")


def reached(search: LedgerSearch) -> str:
    """How far back a search is: a day, or `now` where it has not begun."""
    at = search.searched_to_at
    return "now" if at is None else f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def search_words(search: LedgerSearch) -> Content:
    """What a search is about, for the border of the ledger."""
    if search.searching:
        return Content.assemble((f"searching back to {reached(search)} …", "bold"), " escape stops")
    if search.running:
        return Content(f"counting, {_share(search.tally)} % … escape stops")
    if search.stopped and not search.tally.done:
        return Content.assemble(("stopped", "bold"), f" at {reached(search)}, r goes on")
    return ORDER


def _share(tally: Tally) -> int:
    span = max(1, tally.last_seq - tally.first_seq + 1)
    return 100 * (tally.last_seq + 1 - tally.searched_to_seq) // span


def no_match(search: LedgerSearch) -> Content:
    """What stands where no entry was found so far."""
    if search.searching:
        return Content(f"No entry matches yet: searching back to {reached(search)} …")
    if search.stopped and not search.found_all:
        return Content.assemble(f"No entry matches back to {reached(search)}. ", ("r", "bold"), " searches on.")
    return Content.assemble("No entry matches the filter. ", ("escape", "bold"), " clears it.")
