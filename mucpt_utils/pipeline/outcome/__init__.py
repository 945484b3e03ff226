"""What a run of the pipeline leaves for people: one page, and a dataset that the Hub can hold."""
