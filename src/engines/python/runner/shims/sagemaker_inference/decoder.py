from slipway_runner import bodies


def decode(obj, content_type):
    return bodies.decode(obj.encode() if isinstance(obj, str) else obj, content_type)
