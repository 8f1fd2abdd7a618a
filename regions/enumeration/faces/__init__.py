"""Counts by inclusion-exclusion over relatively open faces."""
