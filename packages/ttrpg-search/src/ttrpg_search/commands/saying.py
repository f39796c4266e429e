"""What is said beside an answer, on stderr: how a question was read, and that nothing answers."""

from ttrpg_core.app import App
from ttrpg_search.commands.finding import Answer

_PROMISED = frozenset({"did you mean", "systems", "system", "language"})
"""Steps of the search that a person is told of without asking."""


def say_read(app: App, answer: Answer) -> None:
    """How the question was read, where that was not as it was typed, and that it is not kept."""
    if app.store.read_only:
        said = f"{app.paths.database.parent} cannot be written, so no question is kept"
        app.screen.say(said, "dim")
    if answer.findings.corrected:
        app.screen.say(f"Searched for: {answer.findings.corrected}")
    for step in answer.findings.steps:
        if step.name in _PROMISED:
            app.screen.say(f"{step.name.capitalize()}: {step.said}", "dim")


def say_unanswered(app: App, answer: Answer) -> None:
    """That the books do not answer, and why that may be."""
    asked = len(answer.wanted.books) or len(answer.books)
    where = f"Not in your books ({asked} asked)"
    if answer.hits:
        app.screen.say(f"{where}; what is nearest:", "warn")
        return
    for book in answer.books.values():
        if app.library.reading(book.sha256) is None:
            said = f"What was read of {book.title!r} was pruned: ttrpg library add {book.path}"
            app.screen.say(said, "warn")
    indexed = app.keyword_searcher().count()
    hint = "try fewer or other words" if indexed else "the index is empty: ttrpg library reindex"
    app.screen.say(f"{where}; {hint}", "warn")
