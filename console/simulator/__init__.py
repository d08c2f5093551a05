"""The simulator: plays Apple's Retention Messaging API, App Review, the performance test, and a customer who cancels.

It does what Apple documents (apple-api.md). Where Apple documents nothing, it is strict, so that Apple accepts
all that the simulator accepts; a comment marks each such place as an assumption.
"""
