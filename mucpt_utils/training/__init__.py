"""What a run trains on and how: batches, optimisers, the weighted loss."""
