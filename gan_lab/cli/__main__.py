"""``python -m gan_lab.cli``."""

import sys

from gan_lab.cli.main import main

sys.exit(main())
