from slipway_runner import bodies


def encode(array_like, content_type):
    return bodies.encode(array_like, content_type)[0]
