"""Settings: profiles, arms and axes of data composition, each validated; no work is done here."""
