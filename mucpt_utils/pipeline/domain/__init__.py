"""The domain classifier: is a text about music, how surely, and which words say so?"""
