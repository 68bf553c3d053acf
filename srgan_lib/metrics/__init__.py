"""How close a super-resolved image is to its original: one module per measure."""
