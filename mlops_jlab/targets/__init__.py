"""Other people's engines: a pipeline → the files that an engineer of that engine would have written."""
