"""An extension of Griffe: `Example:` in a docstring is code, as `Examples:` is."""

import re
from typing import Any

import griffe


class ExamplesAreCode(griffe.Extension):
    """Rename the section before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename it in one docstring."""
        if obj.docstring is not None:
            text = obj.docstring.value
            obj.docstring.value = re.sub(r"(?m)^Example:$", "Examples:", text)
