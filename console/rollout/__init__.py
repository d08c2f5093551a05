"""Make Apple and the table agree with the file: observe, plan, apply, publish; and `status`, `prune` and `doctor`."""
