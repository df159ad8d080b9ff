"""What a model does beyond its metrics: fairness, what it goes by, how sure it is, where it errs."""
