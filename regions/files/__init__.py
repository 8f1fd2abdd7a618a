"""Files: written whole or not at all, and read from strangers within limits."""
