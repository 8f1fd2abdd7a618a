"""What an experiment says of itself, for its page."""

import dataclasses
from typing import Literal

Page = Literal["gallery", "claims", "papers"]
"""Pictures and movies; claims of the posts; figures and tables of papers."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The words around an experiment's numbers.

    Attributes:
        title: A few words.
        page: Page of `docs/` where it is shown.
        source: Whose figure or claim it is: authors, year, figure or section.
        setup: What is trained, measured and compared, in a sentence or two.
        differs: Where that differs from the source, and why; empty if nowhere.
        expected: Shape or number expected, and how sure the source of that is.
    """

    title: str
    page: Page
    source: str
    setup: str
    differs: str = ""
    expected: str = ""
