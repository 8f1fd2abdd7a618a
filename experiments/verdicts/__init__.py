"""What the rows of an experiment say of each claim, one module an experiment."""
