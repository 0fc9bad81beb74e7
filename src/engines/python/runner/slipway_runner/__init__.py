"""Runs inference code and models that are not compiled, in a process of its own. Standard library, and numpy where numbers travel."""
