"""App Store Server Notifications: how they come, what proves them, and what they teach about a subscription."""
