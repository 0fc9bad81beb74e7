"""`AMLRequest` and the mark of code that reads whole requests."""


class AMLRequest:
    """A name for annotations: requests come as the runner makes them."""


def rawhttp(function):
    function._slipway_rawhttp = True
    return function
