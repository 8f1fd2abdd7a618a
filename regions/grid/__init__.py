"""Activation patterns on dense grids: fast, and a lower bound."""
