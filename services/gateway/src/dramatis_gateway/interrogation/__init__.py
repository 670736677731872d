"""The live side of the Interrogation door: what its clients see of a run, made from the run's events alone."""
