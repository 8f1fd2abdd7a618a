"""Volumes of many polytopes, and integrals over them, from corners and zero sets."""
