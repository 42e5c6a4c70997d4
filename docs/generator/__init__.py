"""Makes from the code what the documents say about it; one module for each page of the reference."""
