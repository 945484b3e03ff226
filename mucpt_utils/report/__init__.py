"""From numbers to what people read: table files, figures, the report; and `verify`."""
