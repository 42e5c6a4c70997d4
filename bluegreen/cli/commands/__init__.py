"""One file a verb. None imports more than it needs to be asked for its help; `table` says which there are."""
