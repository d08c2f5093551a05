"""the simulator: the Retention Messaging API, its review, its performance test, and the customer who cancels.

It keeps to what Apple documents (apple-api.md). Where Apple says nothing, it takes the stricter reading, so that what
passes here is not refused there, and the comment at that place says that it is a reading.
"""
