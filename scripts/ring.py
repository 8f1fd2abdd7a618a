"""The command `relu-regions ring`, from a checkout."""

import sys

from experiments.commands.ring import main

if __name__ == "__main__":
    sys.exit(main())
