"""Restriction: the last layer of units counted without a list of its regions.

A hyperplane adds one region for each region of its own trace, so the number of regions
of `A_1 .. A_n` is `1 + sum_i r(A_1 .. A_{i-1} restricted to A_i)`, whether or not the
hyperplanes are in general position.
"""
