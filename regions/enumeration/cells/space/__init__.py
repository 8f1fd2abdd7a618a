"""Cells in three to six dimensions, by corners with the sets of their zero rows."""
