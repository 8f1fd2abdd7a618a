"""A ledger of small networks with exact numbers, for other programs to test against."""
