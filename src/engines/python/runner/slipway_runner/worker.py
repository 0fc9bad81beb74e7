"""The process: takes one request after the other from its channel until that ends."""

import fcntl
import importlib
import json
import os
import re
import signal
import socket
import sys

from . import guard, wire
from .failures import Refusal, failure_of

CHANNEL = 3

# What runs each kind of code, by the name in `python.json`.
FLAVOURS = {
    "sagemaker": "sagemaker",
    "azure": "azure",
    "huggingface": "huggingface",
    "mlflow": "mlflow_pyfunc",
    "object": "objects",
}


def main(here):
    channel = _take_channel()
    guard.leave_no_core()
    guard.end_with_parent(channel)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the whole group; the end of the channel counts
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
    state = _State(here)
    while True:
        request = wire.read_request(channel)
        if request is None:
            sys.stdout.flush()
            guard.end()
        try:
            answer = state.handle(request)
        except BaseException as error:  # also SystemExit: code that calls exit() answers with that, and goes on
            wire.write_failure(channel, request.id, failure_of(error, state.doing, state.root).document())
            continue
        try:
            wire.write_answer(channel, request.id, answer)
        except ValueError as error:
            wire.write_failure(channel, request.id, Refusal("too_large", str(error)).document())


def _take_channel():
    """The channel, under a number that nobody uses by mistake, and not for processes that the code starts."""
    number = fcntl.fcntl(CHANNEL, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(CHANNEL)
    channel = socket.socket(fileno=number)
    channel.setblocking(True)
    return channel


class _State:
    def __init__(self, here):
        self.here = here
        self.root = os.getcwd()
        self.doing = "starting"
        self.model = None
        self.outputs = {}

    def handle(self, request):
        if request.operation == "load":
            return self.load(json.loads(request.tensors["settings"].data[0]))
        if request.operation == "describe":
            return self.describe()
        self.doing = "the model's code"
        answer = self.model.run(request.tensors, request.wanted, self)
        return self.conform(answer) if self.outputs else answer

    def conform(self, answer):
        """Tensors as the signature has them."""
        from .arrays import as_specified

        return {name: as_specified(name, tensor, self.outputs.get(name)) for name, tensor in answer.items()}

    def load(self, settings):
        self.doing = "loading the model"
        self.root = settings["root"]
        self.outputs = {each["name"]: each for each in settings.get("outputs", ())}
        held = guard.restrict([settings["scratch"]])
        code = os.path.join(self.root, settings["code"]) if settings["code"] else self.root
        for folder in {self.root: None, code: None}:
            sys.path.insert(0, folder)
        # what platforms have installed and code imports for its helpers; a real one goes before it
        sys.path.append(os.path.join(self.here, "shims"))
        os.chdir(self.root)
        flavour = importlib.import_module("slipway_runner." + FLAVOURS[settings["flavour"]])
        try:
            self.model = flavour.load(settings, self)
        except ImportError as error:
            raise _missing(error, self) from error
        except Refusal:
            raise
        except BaseException as error:
            raise _missing_class(error) or failure_of(error, self.doing, self.root, "refused") from error
        return {"held": wire.texts([json.dumps(held)])}

    def describe(self):
        self.doing = "describing the model"
        description, example = self.model.describe(self)
        answer = {"description": wire.texts([json.dumps(description)])}
        for name, tensor in example.items():
            answer["example:" + name] = tensor
        return answer


def _missing_class(error):
    """A pickle holds the names of classes, not their code."""
    found = re.match(r"Can't get attribute '(\w+)' on <module '__main__'", str(error))
    if not isinstance(error, AttributeError) or found is None:
        return None
    return Refusal(
        "refused",
        'the file needs "%s" of the script that wrote it, which is not there: put the file into a folder with an inference.py '
        "that defines it, or write the file with cloudpickle" % found.group(1),
        "class",
    )


def _missing(error, state):
    refusal = failure_of(error, state.doing, state.root, "refused")
    name = getattr(error, "name", None)
    if not isinstance(error, ModuleNotFoundError) or not name:
        return refusal
    package = name.split(".")[0]
    return Refusal(
        "refused",
        'the code needs the package "%s", which its environment has not got: add it to requirements.txt, or name a '
        "Python that has it with --python" % package,
        "package",
        package=package,
    )
