"""Running an export headless: each step through papermill, branches side by side."""
