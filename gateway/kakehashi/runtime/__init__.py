"""Time, processes, signals and logging: what makes the pipeline run. Every event is in `events.CATALOGUE`."""
