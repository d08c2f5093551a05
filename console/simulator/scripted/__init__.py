"""Many simulated customers who act as a script demands: what they see, what they do, and what Apple reports of it."""
