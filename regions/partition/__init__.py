"""What a partition tells: shapes, neighbors, linear regions, classes, changes."""
