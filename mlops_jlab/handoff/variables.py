"""The environment variables by which a runner tells a step's process what it is."""

HANDOFF = "MLOPS_JLAB_HANDOFF"  # the folder with the values that cross
KEEP = "MLOPS_JLAB_KEEP"  # "all": save every value, for proofs
ATTEMPT = "MLOPS_JLAB_ATTEMPT"  # set in every step's process
ARTIFACTS = "MLOPS_JLAB_ARTIFACTS"  # the URL of values that are not in the folder
PART = (
    "MLOPS_JLAB_PART"  # "3/8": the third piece of a list that eight processes go through; "0/8" puts together
)
MEMORY = "MLOPS_JLAB_MEMORY"  # bytes that the step may allocate
