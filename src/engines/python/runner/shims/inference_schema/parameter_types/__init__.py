"""Stands in for a package that Azure ML installs beside scoring scripts."""
