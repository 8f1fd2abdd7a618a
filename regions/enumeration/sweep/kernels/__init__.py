"""Compiled forms of the sweep's inner loops; `loading` says when they run."""
