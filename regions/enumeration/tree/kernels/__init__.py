"""Compiled programs and proofs of the tree."""
