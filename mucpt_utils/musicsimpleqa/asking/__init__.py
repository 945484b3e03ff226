"""Questions put to a model: loaded here or served by an endpoint; responses kept as they come."""
