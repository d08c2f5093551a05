"""The subscriptions of simulated customers: what happens to a purchase, and the notification that Apple sends of it.

Transitions are pure: each takes a subscription and a time, and returns the subscription afterwards and its event. Where
Apple documents nothing, a comment marks the assumption.
"""
