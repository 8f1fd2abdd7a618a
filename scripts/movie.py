"""The command `relu-regions movie`, from a checkout."""

import sys

from experiments.commands.movie import main

if __name__ == "__main__":
    sys.exit(main())
