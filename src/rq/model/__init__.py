"""Rules without I/O: what a job is, what can happen to it, and what becomes of it then."""
