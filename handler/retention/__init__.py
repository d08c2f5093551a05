"""The domain: the answer to Apple's Get Retention Message request. Modules are nouns; a room holds related ones."""
