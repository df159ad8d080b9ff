"""The environment variables by which a runner tells a step's process what it is."""

HANDOFF = "MLOPS_JLAB_HANDOFF"  # the folder with the values that cross
KEEP = "MLOPS_JLAB_KEEP"  # "all": save every value, for proofs
ATTEMPT = "MLOPS_JLAB_ATTEMPT"  # set in every step's process
MEMORY = "MLOPS_JLAB_MEMORY"  # bytes that the step may allocate
