"""Code that takes a request's body as it came, and gives the answer's."""

import os
from array import array

from .failures import Refusal
from .wire import Tensor, texts

OCTETS = "application/octet-stream"


class Answer:
    def __init__(self, body, content_type, status=200):
        self.body = body.encode() if isinstance(body, str) else bytes(body)
        self.content_type = content_type
        self.status = int(status)


class RawModel:
    """`handle(body, content_type, accept, state)` gives an `Answer`; each body of a request by itself."""

    def __init__(self, handle, producer):
        self.handle = handle
        self.producer = producer

    def run(self, tensors, wanted, state):
        bodies = tensors["body"].data
        kinds = _texts_of(tensors, "content_type", len(bodies))
        accepts = _texts_of(tensors, "accept", len(bodies))
        answers = [self.handle(*each, state) for each in zip(bodies, kinds, accepts)]
        outputs = {
            "body": texts([answer.body for answer in answers]),
            "content_type": texts([answer.content_type for answer in answers]),
            "status": Tensor("INT32", (len(answers),), array("i", [answer.status for answer in answers])),
        }
        return {name: outputs[name] for name in wanted}

    def describe(self, state):
        return {"isRaw": True, "producer": self.producer, "warnings": []}, {}


def _texts_of(tensors, name, count):
    given = tensors.get(name)
    if given is None:
        return [""] * count
    if len(given.data) != count:
        raise Refusal("invalid_argument", '"%s" has %d elements, "body" has %d' % (name, len(given.data), count))
    return [value.decode("latin-1") for value in given.data]


def media_type(content_type, default="application/json"):
    """A media type without its parameters, in lower case."""
    return content_type.split(";")[0].strip().lower() or default


def load_code(path, state):
    """Runs a file of the user's as a module of its name, as an import from its own folder would."""
    import importlib

    name = os.path.splitext(os.path.basename(path))[0]
    module = importlib.import_module(name)
    found = os.path.realpath(getattr(module, "__file__", None) or "")
    if found != os.path.realpath(os.path.join(state.root, path)):
        raise Refusal("refused", 'the environment has a module "%s" of its own, which hides %s' % (name, path), "code")
    _lend_to_main(module)
    return module


def _lend_to_main(module):
    """Its classes and functions as those of the script that saved a model: pickles know them by that script's name, `__main__`."""
    import sys

    main = sys.modules["__main__"]
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) == module.__name__ and callable(value) and not hasattr(main, name):
            setattr(main, name, value)


def takes(function, most):
    """How many positional arguments a function takes, at most so many."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return most
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return most
    return min(most, sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters))


def takes_named(function, name):
    """Whether a function takes an argument by that name."""
    import inspect

    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
