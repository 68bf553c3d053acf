"""``python -m srgan_report.cli`` is ``srgan``."""

from srgan_report.cli import main

main()
