"""The executed notebooks and the page that presents the answers."""
