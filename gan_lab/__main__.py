"""``python -m gan_lab``: the command ``gan-lab`` without its script."""

import sys

from gan_lab.cli.main import main

sys.exit(main())
