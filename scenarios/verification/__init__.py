"""Reference cases run on the project's own components."""
