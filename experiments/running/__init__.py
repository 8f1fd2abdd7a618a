"""How experiments run: arguments, run folders, progress, claims, pages."""
