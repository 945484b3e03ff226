"""The site: every result, lesson and card as pages that open from disk or any static host.

Nothing in it needs a network, a server or a kernel. Its sentences and numbers come from the same
tables and functions as those of the report.
"""
