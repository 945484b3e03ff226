"""What a run of the pipeline leaves for people: a page, and a dataset fit for the Hub."""
