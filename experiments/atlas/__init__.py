"""The atlas: one page that shows the partition of a network and answers questions."""
