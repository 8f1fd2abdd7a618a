"""Training as a movie: from snapshots to frames to files."""
