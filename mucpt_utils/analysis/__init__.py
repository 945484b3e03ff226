"""From what runs left to numbers: items, intervals, comparisons, claims."""
