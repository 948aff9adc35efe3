"""Evidence that can be audited: the table's own arithmetic, and claims held against the answers."""
