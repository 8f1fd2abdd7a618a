"""Domains cut into pieces: counted on many workers, streamed to files, resumed."""
