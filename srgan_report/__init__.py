"""The machinery of srgan-report: it runs the notebooks, and makes the report, of what :mod:`srgan_lib` computes."""

import logging

# What both packages log is heard in one place, srgan_lib.log.
logging.getLogger(__name__).parent = logging.getLogger("srgan_lib")
