"""The engine that walks a ROUTES table: journal, act, report. It knows nothing of colors."""
