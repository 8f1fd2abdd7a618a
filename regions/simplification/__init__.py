"""Smaller networks that are exactly equal on a domain."""
