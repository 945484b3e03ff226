"""Personal data in a text, kind by kind, and the words around it that say it is personal."""
