"""The tree for many inputs: questions in as many dimensions as a cell has rows."""
