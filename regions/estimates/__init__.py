"""Unbiased estimates of the number of regions, where no list can be made."""
