"""The answer to Apple's Get Retention Message request: the domain, one flat package of nouns."""
