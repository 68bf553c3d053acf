"""srgan-report: a reproducible SRGAN study from photographs, one command from pixels to report."""
