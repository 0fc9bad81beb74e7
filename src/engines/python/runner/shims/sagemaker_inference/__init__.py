"""Stands in for the toolkit that SageMaker's containers have beside inference code, where it is not installed."""

from . import content_types, decoder, encoder, errors  # noqa: F401
