"""Pictures of answers; the only package that knows matplotlib."""
