"""What the modules for libraries share: keeping fitted models, and logging what training does."""
