"""The tree: every network, every dimension, by linear programs."""
