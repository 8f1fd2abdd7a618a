"""The command `relu-regions atlas`, from a checkout."""

import sys

from experiments.commands.atlas import main

if __name__ == "__main__":
    sys.exit(main())
