"""Text made from templates. Each module here mirrors one folder of templates/."""
