"""Moved to `regions.files`."""

from regions.files import (
    open_atomically as open_atomically,
    read_arrays as read_arrays,
    write_arrays as write_arrays,
    write_text as write_text,
)
