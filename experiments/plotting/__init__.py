"""One module per figure; each draws a saved result."""
