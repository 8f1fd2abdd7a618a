"""The command `relu-regions polytope`, from a checkout."""

import sys

from experiments.commands.polytope import main

if __name__ == "__main__":
    sys.exit(main())
