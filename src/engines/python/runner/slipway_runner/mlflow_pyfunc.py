"""A folder that MLflow saved, with its python_function flavour. Its signature is ours where tensors can say it.

@see MLflow, "Model signatures"; "Local Inference Server Specification".
"""

import json
import os

from . import bodies
from .arrays import from_array, need_numpy, to_array
from .failures import Refusal, failure_of
from .raw import Answer, RawModel, media_type
from .wire import Tensor

# MLflow's types of columns, and how tensors have them.
_DATATYPES = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
    "binary": "BYTES",
    "datetime": "BYTES",
}
ROWS = 4


def load(settings, state):
    import mlflow

    # nothing is asked of a tracking server, and there is no network
    os.environ["MLFLOW_TRACKING_URI"] = "file:" + os.path.join(settings["scratch"], "mlruns")
    model = mlflow.pyfunc.load_model(state.root, suppress_warnings=True)
    try:
        columns = _columns(model.metadata.signature)
    except _Inexpressible as reason:
        return _raw(model, str(reason), mlflow)
    return _Columns(model, columns, mlflow)


class _Inexpressible(Exception):
    """Why a signature cannot be one of tensors."""


class _Input:
    def __init__(self, name, kind, datatype, shape, is_optional=False, is_tensor=False):
        self.name = name
        self.kind = kind
        self.datatype = datatype
        self.shape = shape
        self.is_optional = is_optional
        self.is_tensor = is_tensor

    def described(self):
        spec = {"name": self.name, "datatype": self.datatype, "shape": self.shape}
        return dict(spec, isOptional=True) if self.is_optional else spec


def _columns(signature):
    if signature is None or signature.inputs is None:
        raise _Inexpressible("it has no signature")
    if getattr(signature, "params", None) is not None and len(signature.params.params) > 0:
        raise _Inexpressible("its signature has params")
    columns = []
    for i, spec in enumerate(signature.inputs.inputs):
        if type(spec).__name__ == "TensorSpec":
            empty = from_array(need_numpy().zeros((0,), dtype=spec.type))
            columns.append(_Input(spec.name or "X", None, empty.datatype, [int(n) for n in spec.shape], False, True))
            continue
        kind = str(getattr(spec.type, "name", ""))
        datatype = _DATATYPES.get(kind)
        if datatype is None or spec.name is None:
            raise _Inexpressible("column %s is %s" % (spec.name or i, spec.type))
        columns.append(_Input(spec.name, kind, datatype, [-1, 1], getattr(spec, "required", True) is False))
    if any(each.is_tensor and (not each.shape or each.shape[0] != -1) for each in columns):
        raise _Inexpressible("it takes a fixed number of rows")
    return columns


class _Columns:
    def __init__(self, model, columns, mlflow):
        self.model = model
        self.columns = columns
        self.producer = "MLflow %s" % mlflow.__version__

    def run(self, tensors, wanted, state):
        state.doing = "predict"
        outputs = _outputs(self.model.predict(self._frame(tensors)))
        missing = [name for name in wanted or () if name not in outputs]
        if missing:
            raise Refusal("internal", "predict gave %s, not %s" % (", ".join(outputs), ", ".join(missing)), "output")
        return outputs if wanted is None else {name: outputs[name] for name in wanted}

    def _frame(self, tensors):
        if self.columns[0].is_tensor:
            arrays = {each.name: to_array(tensors[each.name]) for each in self.columns}
            is_one = len(self.columns) == 1 and self.model.metadata.signature.inputs.inputs[0].name is None
            return arrays[self.columns[0].name] if is_one else arrays
        import pandas

        frame = {each.name: _values(tensors[each.name], each.kind) for each in self.columns if each.name in tensors}
        return pandas.DataFrame(frame)

    def describe(self, state):
        example = self._saved_example() or self._made_up()
        rows = next(iter(example.values())).shape[0]
        try:
            outputs = self.run(example, None, state)
        except Refusal:
            raise
        except Exception as error:
            raise failure_of(error, "predict, on rows made up for it", state.root, "refused")
        description = {
            "isRaw": False,
            "producer": self.producer,
            "inputs": [each.described() for each in self.columns],
            "outputs": [
                {
                    "name": name,
                    "datatype": tensor.datatype,
                    "shape": [-1 if axis == 0 and size == rows else size for axis, size in enumerate(tensor.shape)],
                }
                for name, tensor in outputs.items()
            ],
            "warnings": [],
        }
        return description, example

    def _saved_example(self):
        """The rows that were saved with the model."""
        try:
            frame = self.model.metadata.load_input_example(os.getcwd())
        except Exception:
            frame = None
        if frame is None or self.columns[0].is_tensor or not hasattr(frame, "columns"):
            return None
        rows = {}
        for each in self.columns:
            if each.name in frame.columns:
                rows[each.name] = _tensor(frame[each.name].tolist()[:16], each)
            elif not each.is_optional:
                return None
        return rows

    def _made_up(self):
        np = need_numpy()
        numbers = np.random.RandomState(12345)
        rows = {}
        for each in self.columns:
            if each.is_tensor:
                shape = [ROWS] + [8 if size < 0 else size for size in each.shape[1:]]
                count = int(np.prod(shape))
                values = np.round(numbers.rand(count), 3)
                rows[each.name] = (
                    Tensor("BYTES", shape, [b"a"] * count)
                    if each.datatype == "BYTES"
                    else from_array(values.astype(_dtype(each.datatype)).reshape(shape))
                )
                continue
            text = b"2020-01-01T00:00:00" if each.kind == "datetime" else b"a"
            values = [text] * ROWS if each.datatype == "BYTES" else np.round(numbers.rand(ROWS), 3).tolist()
            rows[each.name] = _tensor(values, each)
        return rows


def _dtype(datatype):
    return {"BOOL": "?", "FP32": "f4", "FP64": "f8", "FP16": "f2"}.get(
        datatype, ("i" if datatype.startswith("INT") else "u") + str(int(datatype.lstrip("UINT")) // 8) if "INT" in datatype else "O"
    )


def _tensor(values, column):
    np = need_numpy()
    if column.datatype == "BYTES":
        return Tensor("BYTES", (len(values), 1), [_bytes(each) for each in values])
    return from_array(np.array(values).astype(_dtype(column.datatype)).reshape(-1, 1))


def _bytes(value):
    if isinstance(value, bytes):
        return value
    return b"" if value is None else (value.isoformat() if hasattr(value, "isoformat") else str(value)).encode()


def _values(tensor, kind):
    if kind == "binary":
        return list(tensor.data)
    values = to_array(tensor).reshape(-1)
    if kind == "datetime":
        import pandas

        return pandas.to_datetime(values)
    if kind == "string":
        return [None if value == "" else value for value in values]
    return values


def _outputs(prediction):
    """Outputs by name: `predict`, or the columns of a frame, or the keys of a dict of arrays."""
    if hasattr(prediction, "columns") and hasattr(prediction, "iloc"):
        return {str(name): from_array(prediction[name]) for name in prediction.columns}
    if isinstance(prediction, dict):
        return {str(name): from_array(each) for name, each in prediction.items()}
    return {"predict": from_array(prediction)}


def _raw(model, reason, mlflow):
    def handle(body, content_type, accept, state):
        data, params = _parse(body, content_type)
        state.doing = "predict"
        result = model.predict(data, params=params) if params else model.predict(data)
        return Answer('{"predictions": %s}' % bodies.to_json(result), bodies.JSON)

    raw = RawModel(handle, "MLflow %s (%s)" % (mlflow.__version__, reason))
    return raw


def _parse(body, content_type):
    """What a scoring server of MLflow takes. @see MLflow, "Local Inference Server Specification"."""
    import pandas

    kind = media_type(content_type)
    if kind == bodies.CSV:
        import io

        return pandas.read_csv(io.BytesIO(body)), None
    if kind != bodies.JSON:
        raise Refusal("unsupported", "the content-type %s is not taken; send %s or %s" % (kind[:80], bodies.JSON, bodies.CSV))
    try:
        document = json.loads(body.decode())
    except ValueError as error:
        raise Refusal("invalid_argument", "the body is no JSON: %s" % error)
    forms = ("dataframe_split", "dataframe_records", "instances", "inputs")
    found = [name for name in forms if isinstance(document, dict) and name in document]
    if len(found) != 1:
        raise Refusal("invalid_argument", "the body is no JSON object with one of %s" % ", ".join(forms))
    value = document[found[0]]
    params = document.get("params")
    try:
        if found[0] == "dataframe_split":
            return pandas.DataFrame(value["data"], columns=value.get("columns"), index=value.get("index")), params
        if found[0] == "dataframe_records":
            return pandas.DataFrame(value), params
        if found[0] == "instances" and value and isinstance(value[0], dict):
            return pandas.DataFrame(value), params
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal("invalid_argument", '"%s" is no table: %s' % (found[0], error))
    if isinstance(value, list) and value and not isinstance(value[0], (str, dict)):
        return need_numpy().array(value), params
    return value, params
