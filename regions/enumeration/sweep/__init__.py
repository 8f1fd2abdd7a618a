"""The sweep: vertices and edges of generic networks, one unit after the other."""
