"""``python -m srgan_lib.cli`` is ``srgan``."""

from srgan_lib.cli import main

main()
