"""MLflow's REST API over our store, for MLflow's clients in any language."""
