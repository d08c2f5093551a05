"""Which release serves an app now: read from the table, kept in memory."""
