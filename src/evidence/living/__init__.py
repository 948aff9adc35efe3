"""The life of an analysis: what was accepted, what changed since and why, how a study is added."""
