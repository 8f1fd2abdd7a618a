"""Data sets as hash tables: activation patterns as codes, and how many are used."""
