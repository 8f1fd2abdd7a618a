"""Where regions are counted: boxes, slices, simplices, polytopes, the whole space."""
