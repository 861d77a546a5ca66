"""Names and parameters of the numbers that policies read; their arithmetic stands in kernels/."""
