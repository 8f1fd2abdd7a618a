"""Where regions are counted: boxes, segments, slices, simplices, the whole space."""
