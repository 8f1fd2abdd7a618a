"""Regions that meet a ball of the norm 2."""
