"""A Hugging Face `handler.py`: EndpointHandler(path), called with {"inputs": …, "parameters": …}.

@see Hugging Face Inference Endpoints, "Create a custom inference handler".
"""

import io
import json
import os

from . import bodies
from .failures import Refusal
from .raw import OCTETS, Answer, RawModel, load_code, media_type, takes_named


def load(settings, state):
    state.doing = os.path.basename(settings["entry"])
    module = load_code(settings["entry"], state)
    kind = getattr(module, "EndpointHandler", None)
    if kind is None:
        raise Refusal("refused", "%s has no class EndpointHandler" % settings["entry"], "code")
    state.doing = "EndpointHandler"
    handler = kind(path=state.root) if takes_named(kind, "path") else kind(state.root)

    def handle(body, content_type, accept, state):
        data = _data(body, content_type)
        state.doing = "EndpointHandler"
        return _answer(handler(data), accept)

    return RawModel(handle, "Hugging Face handler")


def _data(body, content_type):
    kind = media_type(content_type)
    if kind == bodies.JSON:
        try:
            data = json.loads(body.decode())
        except ValueError as error:
            raise Refusal("invalid_argument", "the body is no JSON: %s" % error)
        if not isinstance(data, dict) or "inputs" not in data:
            raise Refusal("invalid_argument", 'the body is no JSON object with "inputs"')
        return data
    if kind.startswith("text/"):
        return {"inputs": body.decode("utf-8", "replace")}
    if kind.startswith("image/"):
        try:
            from PIL import Image
        except ImportError:
            return {"inputs": body}
        try:
            return {"inputs": Image.open(io.BytesIO(body)).convert("RGB")}
        except Exception:
            raise Refusal("invalid_argument", "the body is no image that can be read")
    return {"inputs": body}


def _answer(result, accept):
    if isinstance(result, (bytes, bytearray, memoryview)):
        return Answer(result, accept if accept and "*" not in accept and "," not in accept else OCTETS)
    if hasattr(result, "save") and hasattr(result, "convert"):  # an image
        buffer = io.BytesIO()
        result.save(buffer, format="PNG")
        return Answer(buffer.getvalue(), "image/png")
    return Answer(bodies.to_json(result), bodies.JSON)
