"""Sources that claims of several studies name."""

HASHING = "Shekkizhar 2024 (MLPs as hashing functions)"
SETTLING = "arXiv 2602.08333 (remembered: 3.85 times on average)"
