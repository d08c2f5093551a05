"""Make Apple and the table agree with the file: plan, apply, publish, and what they look at first."""
