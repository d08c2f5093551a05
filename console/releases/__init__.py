"""Releases in the table: published, listed, read, made live, paused, deleted.

Publishing reserves a number, writes rows under it that no reader knows of yet, reads them all back, and only then moves
`current`, on the condition that it is still what the publisher started from. A publisher that stops half way leaves
rows that nothing points to; `cleanup` deletes them. A release's `claim` is its first row, `settings` its last:
transactions check both, so that deleting cannot overlap with publishing or rolling back.
"""
