"""Apple's Retention Messaging API as the console uses it."""
