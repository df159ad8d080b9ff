"""Many runs of one pipeline: grids, searches, studies."""
