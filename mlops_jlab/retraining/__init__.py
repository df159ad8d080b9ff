"""Due, run, gates, register, promote or not, tell: retraining as one story."""
