"""Our store in MLflow's words: what the fluent calls, the client and the plugins stand on."""
