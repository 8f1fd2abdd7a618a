"""The command `relu-regions topology`, from a checkout."""

import sys

from experiments.commands.topology import main

if __name__ == "__main__":
    sys.exit(main())
