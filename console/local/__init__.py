"""Everything on one machine: an embedded table, the function over it, samples, Lambda's runtime."""
