"""``python -m framework.testing submission.py``: grade a file."""

import sys

from framework.testing.grading.command import main

if __name__ == "__main__":
    sys.exit(main())
