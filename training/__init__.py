"""Networks whose regions are studied: models, data, training loop."""
