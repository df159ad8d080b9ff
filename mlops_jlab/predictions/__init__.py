"""The prediction log: what a served model was asked and said, and the labels that came later."""
