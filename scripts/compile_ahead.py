"""The command `relu-regions compile`, from a checkout."""

import sys

from experiments.commands.compile_ahead import main

if __name__ == "__main__":
    sys.exit(main())
