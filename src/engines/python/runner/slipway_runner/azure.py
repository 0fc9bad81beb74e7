"""An Azure ML scoring script: init(), run(data).

@see Azure ML, "Understand the scoring script"; azureml-inference-server-http.
"""

import inspect
import json
import os

from . import bodies
from .failures import Refusal, is_of_code, last_line
from .raw import Answer, RawModel, load_code


def load(settings, state):
    os.environ.setdefault("AZUREML_MODEL_DIR", state.root)
    os.environ.setdefault("AZUREML_ENTRY_SCRIPT", os.path.basename(settings["entry"]))
    state.doing = os.path.basename(settings["entry"])
    module = load_code(settings["entry"], state)
    for name in ("init", "run"):
        if not callable(getattr(module, name, None)):
            raise Refusal("refused", "%s has no %s()" % (settings["entry"], name), "code")
    state.doing = "init"
    module.init()
    return RawModel(_Handler(module.run).handle, "Azure ML scoring script")


class _Handler:
    def __init__(self, run):
        self.run = run
        self.is_raw = getattr(run, "__rawhttp__", False) or getattr(run, "_slipway_rawhttp", False)
        self.by_name = _is_decorated(run)

    def handle(self, body, content_type, accept, state):
        state.doing = "run"
        if self.is_raw:
            result = self.run(_Request(body, content_type, accept))
        elif self.by_name:
            result = self._call(_fields(body), state)
        else:
            try:
                result = self.run(body.decode())
            except UnicodeDecodeError:
                raise Refusal("invalid_argument", "the body is no UTF-8, which run(data) takes")
        return _answer(result)


    def _call(self, fields, state):
        _check_names(self.run, fields)
        try:
            return self.run(**fields)
        except BaseException as error:
            if isinstance(error, Exception) and not is_of_code(error, state.root):  # run() itself was not reached
                raise Refusal("invalid_argument", "the body does not fit what run() takes: %s" % last_line(error))
            raise


def _check_names(run, fields):
    """Says which fields are missing, and which run() does not know."""
    try:
        parameters = inspect.signature(run).parameters.values()
    except (TypeError, ValueError):
        return
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return
    names = [each.name for each in parameters]
    missing = [each.name for each in parameters if each.default is each.empty and each.name not in fields]
    unknown = [name for name in fields if name not in names]
    if missing or unknown:
        what = 'has no "%s"' % missing[0] if missing else 'has "%s"' % unknown[0][:80]
        raise Refusal("invalid_argument", "the body %s; run() takes %s" % (what, ", ".join(names)))


def _is_decorated(run):
    """Whether inference-schema says what run takes; then it is called by the names in the request."""
    if getattr(run, "_slipway_schema", False):
        return True
    try:
        from inference_schema.schema_util import is_schema_decorated
    except ImportError:
        return False
    return bool(is_schema_decorated(run))


def _fields(body):
    try:
        fields = json.loads(body.decode())
    except ValueError as error:
        raise Refusal("invalid_argument", "the body is no JSON: %s" % error)
    if not isinstance(fields, dict):
        raise Refusal("invalid_argument", "the body is no JSON object with what run() takes by name")
    return fields


class _Headers(dict):
    """Headers by their names in any case."""

    def __getitem__(self, name):
        return dict.__getitem__(self, name.lower())

    def get(self, name, default=None):
        return dict.get(self, name.lower(), default)

    def __contains__(self, name):
        return dict.__contains__(self, name.lower())


class _Request:
    """What `@rawhttp` code reads of a request, in the words of Flask."""

    def __init__(self, body, content_type, accept):
        self.method = "POST"
        self.data = body
        self.headers = _Headers({"content-type": content_type, "accept": accept})
        self.content_type = content_type
        self.mimetype = content_type.split(";")[0].strip().lower()
        self.args = {}
        self.path = self.full_path = "/score"

    def get_data(self, cache=True, as_text=False, parse_form_data=False):
        return self.data.decode() if as_text else self.data

    def get_json(self, force=False, silent=False, cache=True):
        try:
            return json.loads(self.data.decode())
        except ValueError as error:
            if silent:
                return None
            raise Refusal("invalid_argument", "the body is no JSON: %s" % error)

    @property
    def json(self):
        return self.get_json()


def _answer(result):
    if hasattr(result, "get_data") and hasattr(result, "status_code"):  # AMLResponse, or one of Flask's
        return Answer(result.get_data(), result.headers.get("Content-Type", bodies.JSON), result.status_code)
    return Answer(bodies.to_json(result), bodies.JSON)
