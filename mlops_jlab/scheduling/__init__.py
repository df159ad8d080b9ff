"""When a schedule is due: pure, with the clock as an argument."""
