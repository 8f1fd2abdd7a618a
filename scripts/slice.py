"""The command `relu-regions slice`, from a checkout."""

import sys

from experiments.commands.slice import main

if __name__ == "__main__":
    sys.exit(main())
