"""The command `relu-regions walk`, from a checkout."""

import sys

from experiments.commands.walk import main

if __name__ == "__main__":
    sys.exit(main())
