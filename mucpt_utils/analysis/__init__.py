"""From the output of runs to numbers: items, intervals, comparisons, claims."""
