"""Questions about a network: each has a proved answer, with a witness."""
