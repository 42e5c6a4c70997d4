"""Looks at everything that a run stands on, and says what to mend before there is one. Nothing is changed by it."""
