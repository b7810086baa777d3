"""Floor 1, pure: the session as a value. Operations and reports in, events and effects out."""
