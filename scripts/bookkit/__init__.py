"""The machinery of the book: see `scripts/book --help`."""


class Drift(Exception):
    """What is wrong with a page, in words that name the page's own text."""
