"""A SageMaker `inference.py`: model_fn, input_fn, predict_fn, output_fn, or transform_fn.

@see AWS SageMaker, "Adapting your own inference container"; sagemaker-inference-toolkit, "Inference handler".
"""

import os

from . import bodies
from .failures import Refusal, failure_of
from .objects import load_any, only_model_file
from .raw import Answer, RawModel, load_code, media_type, takes

NAMES = ("input_fn", "predict_fn", "output_fn")


def load(settings, state):
    os.environ.setdefault("SM_MODEL_DIR", state.root)
    os.environ.setdefault("SAGEMAKER_PROGRAM", os.path.basename(settings["entry"]))
    state.doing = os.path.basename(settings["entry"])
    module = load_code(settings["entry"], state)
    found = {name: getattr(module, name, None) for name in NAMES + ("model_fn", "transform_fn")}
    if found["transform_fn"] is not None and any(found[name] for name in NAMES):
        raise Refusal(
            "refused",
            "%s has transform_fn beside %s; it takes the place of those three: leave one or the other"
            % (settings["entry"], " and ".join(name for name in NAMES if found[name])),
            "code",
        )
    context = Context(state.root)
    state.doing = "model_fn"
    if found["model_fn"] is not None:
        model = _call(found["model_fn"], (state.root,), context)
    else:
        model = load_any(only_model_file(state.root, "model_fn is missing"))
    return RawModel(_Handler(model, found, context).handle, "SageMaker inference code")


class _Handler:
    def __init__(self, model, found, context):
        self.model = model
        self.found = found
        self.context = context

    def handle(self, body, content_type, accept, state):
        content_type = content_type or bodies.JSON
        accept = accept if accept and accept != "*/*" else os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", bodies.JSON)
        self.context.begin(content_type, accept)
        if self.found["transform_fn"] is not None:
            result = self._do("transform_fn", (self.model, _text_or_bytes(body, content_type), content_type, accept), state)
        else:
            data = self._do("input_fn", (_text_or_bytes(body, content_type), content_type), state)
            if not (self.found["input_fn"] or self.found["predict_fn"]) and media_type(content_type) == bodies.CSV:
                data = _rows(data, body)
            prediction = self._do("predict_fn", (data, self.model), state)
            result = self._do("output_fn", (prediction, accept), state)
        return self._answer(result, accept)

    def _do(self, name, arguments, state):
        state.doing = name
        function = self.found[name] or _DEFAULTS[name]
        try:
            return _call(function, arguments, self.context)
        except BaseException as error:
            status = getattr(error, "slipway_status", None)
            if status is None and type(error).__name__ == "UnsupportedFormatError":
                status = 406 if name == "output_fn" else 415
            if status in (406, 415):
                raise Refusal("unsupported", str(error)[:500], "accept" if status == 406 else "content_type")
            raise failure_of(error, name, state.root)

    def _answer(self, result, accept):
        content_type = self.context.answered_with or accept
        status = self.context.status or 200
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], str):
            result, content_type = result
        elif hasattr(result, "get_data") and hasattr(result, "mimetype"):  # a response of Flask or Werkzeug
            return Answer(result.get_data(), result.mimetype, result.status_code)
        if isinstance(result, list) and len(result) == 1 and isinstance(result[0], (str, bytes)):
            result = result[0]  # as the handlers of PyTorch's containers wrap it
        if not isinstance(result, (str, bytes, bytearray, memoryview)):
            result, content_type = bodies.encode(result, content_type)
        return Answer(result, content_type.split(",")[0], status)


class Context:
    """What handlers of SageMaker's newer containers get as their last argument."""

    def __init__(self, root):
        self.system_properties = {"model_dir": root, "gpu_id": None}
        self.manifest = {}
        self.begin("", "")

    def begin(self, content_type, accept):
        self.request_content_type = content_type
        self.accept = accept
        self.answered_with = None
        self.status = None
        self.request_processor = [self]

    def get_request_header(self, _index=0, name="content-type"):
        return {"content-type": self.request_content_type, "accept": self.accept}.get(str(name).lower())

    def get_request_content_type(self, _index=0):
        return self.request_content_type

    def get_accept(self, _index=0):
        return self.accept

    def set_response_content_type(self, _index, value):
        self.answered_with = value

    def set_response_status(self, code=200, phrase="", idx=0):
        self.status = code


def _call(function, arguments, context):
    """With the context behind its arguments, where it takes one more."""
    return function(*arguments, context) if takes(function, len(arguments) + 1) > len(arguments) else function(*arguments)


def _text_or_bytes(body, content_type):
    """Text where the media type says so, as SageMaker's toolkit hands it over."""
    if content_type.split(";")[0].strip().lower() in (bodies.JSON, bodies.CSV):
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise Refusal("invalid_argument", "the body is no UTF-8, which its content-type %s says" % content_type[:80])
    return body


def _input(body, content_type):
    return bodies.decode(body.encode() if isinstance(body, str) else body, content_type)


def _rows(data, body):
    """Rows of columns: numpy makes one row, and one column, a vector, which models do not take."""
    if data.ndim >= 2:
        return data
    count = sum(1 for line in body.decode().splitlines() if line.split("#")[0].strip())
    return data.reshape(count, -1)


def _predict(data, model):
    if hasattr(model, "predict"):
        return model.predict(data)
    if hasattr(model, "parameters") and callable(model):
        import torch

        with torch.no_grad():
            return model(torch.as_tensor(data, dtype=torch.float32))
    if callable(model):
        return model(data)
    raise Refusal("internal", "predict_fn is missing, and the model has no predict: write predict_fn(data, model)", "code")


_DEFAULTS = {"input_fn": _input, "predict_fn": _predict, "output_fn": bodies.encode}
