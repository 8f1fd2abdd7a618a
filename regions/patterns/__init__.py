"""Activation patterns: whose is a point, how they are packed, and what they imply."""
