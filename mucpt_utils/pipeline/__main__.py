"""`python -m mucpt_utils.pipeline`: the same as `python -m mucpt_utils pipeline`."""

import sys

from mucpt_utils.arguments import print_any_letter
from mucpt_utils.pipeline.command import main

if __name__ == "__main__":
    print_any_letter()
    sys.exit(main())
