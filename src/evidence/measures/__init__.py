"""What can be pooled: measures and their scales."""
