"""Which stack, table and app a command works on; clients of AWS, and their failures in words."""
