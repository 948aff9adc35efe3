"""Reading and checking the tables of `data/`."""
