"""Plugins of MLflow's own client: with ``MLFLOW_TRACKING_URI=mlops-jlab:`` it writes into our store."""
