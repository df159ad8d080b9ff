"""What must hold before a model is promoted: rules, the statistics behind them, and the verdict."""
