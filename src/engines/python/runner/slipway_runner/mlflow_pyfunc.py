"""A folder that MLflow saved, with its python_function flavour. Its signature is ours where tensors can say it.

@see MLflow, "Model signatures"; "Local Inference Server Specification".
"""

import json
import os

from . import bodies
from .arrays import from_array, need_numpy, to_array
from .failures import Refusal, failure_of, is_of_code, last_line
from .raw import Answer, RawModel, media_type, takes_named
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
# Size that is tried for dimensions that may vary.
OPEN_SIZE = 8


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
        outputs = _outputs(_predict(self.model, self._frame(tensors), state))
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

        frame = {each.name: _values(tensors[each.name], each) for each in self.columns if each.name in tensors}
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
        shapes = self._shapes(outputs, rows, state)
        description = {
            "isRaw": False,
            "producer": self.producer,
            "inputs": [each.described() for each in self.columns],
            "outputs": [
                {
                    "name": name,
                    "datatype": tensor.datatype,
                    "shape": shapes[name],
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

    def _shapes(self, outputs, rows, state):
        """Shapes of the outputs; what is another with larger inputs may vary."""
        shapes = {
            name: [-1 if axis == 0 and size == rows else size for axis, size in enumerate(tensor.shape)]
            for name, tensor in outputs.items()
        }
        if not any(-1 in each.shape[1:] for each in self.columns if each.is_tensor):
            return shapes
        try:
            others = self.run(self._made_up(OPEN_SIZE + 4), None, state)
        except Exception:  # it takes one size
            return shapes
        for name, tensor in others.items():
            if len(tensor.shape) == len(shapes.get(name, ())):
                shapes[name] = [a if a in (-1, b) else -1 for a, b in zip(shapes[name], tensor.shape)]
        return shapes

    def _made_up(self, open_size=OPEN_SIZE):
        np = need_numpy()
        numbers = np.random.RandomState(12345)
        rows = {}
        for each in self.columns:
            if each.is_tensor:
                shape = [ROWS] + [open_size if size < 0 else size for size in each.shape[1:]]
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


def _values(tensor, column):
    if column.kind == "binary":
        return list(tensor.data)
    values = to_array(tensor).reshape(-1)
    if column.kind == "datetime":
        import pandas

        try:
            return pandas.to_datetime(values)
        except Exception as error:
            raise Refusal("invalid_argument", 'an element of "%s" is no date: %s' % (column.name, last_line(error)))
    if column.kind == "string":
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
    schema = getattr(model.metadata, "get_input_schema", lambda: None)()
    takes_params = takes_named(model.predict, "params")

    def handle(body, content_type, accept, state):
        data, params = _parse(body, content_type, schema)
        if params and not takes_params:
            raise Refusal("invalid_argument", "MLflow %s takes no params" % mlflow.__version__)
        state.doing = "predict"
        result = _predict(model, data, state, **({"params": params} if params else {}))
        return Answer('{"predictions": %s}' % bodies.to_json(result), bodies.JSON)

    raw = RawModel(handle, "MLflow %s (%s)" % (mlflow.__version__, reason))
    return raw


def _predict(model, data, state, **more):
    """What MLflow refuses before it calls the model's code is the caller's to mend."""
    try:
        return model.predict(data, **more)
    except Exception as error:
        code = getattr(error, "error_code", None)
        if code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST") and not is_of_code(error, state.root):
            raise Refusal("invalid_argument", "the body does not fit the model's signature: %s" % last_line(error))
        raise


FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def _parse(body, content_type, schema):
    """What a scoring server of MLflow takes, read as it reads it. @see MLflow, "Local Inference Server Specification"."""
    kind = media_type(content_type)
    if kind not in (bodies.CSV, bodies.JSON):
        raise Refusal("unsupported", "the content-type %s is not taken; send %s or %s" % (kind[:80], bodies.JSON, bodies.CSV))
    try:
        if kind == bodies.CSV:
            return _csv(body, schema), None
        document = json.loads(body.decode())
    except Exception as error:
        raise Refusal("invalid_argument", "the body cannot be read as %s: %s" % (kind, last_line(error)))
    found = [name for name in FORMS if isinstance(document, dict) and name in document]
    if len(found) != 1:
        raise Refusal("invalid_argument", "the body is no JSON object with one of %s" % ", ".join(FORMS))
    form = found[0]
    params = document.get("params")
    if params is not None and not isinstance(params, dict):
        raise Refusal("invalid_argument", '"params" is no object')
    try:
        return _data(form, document[form], schema), params
    except Exception as error:
        raise Refusal("invalid_argument", '"%s" cannot be read: %s' % (form, last_line(error)))


def _csv(body, schema):
    import io

    import pandas

    if schema is None or not schema.has_input_names() or schema.is_tensor_spec():
        return pandas.read_csv(io.BytesIO(body))
    return pandas.read_csv(io.BytesIO(body), dtype=dict(zip(schema.input_names(), schema.pandas_types())))


def _data(form, value, schema):
    from mlflow.utils import proto_json_utils as readers

    if form in ("instances", "inputs"):
        return readers.parse_tf_serving_input({form: value}, schema)
    orient = form[len("dataframe_") :]
    read = getattr(readers, "dataframe_from_parsed_json", None)
    if read is not None:
        return read(value, orient, schema)
    import pandas  # MLflow before 2.0

    if orient == "records":
        return pandas.DataFrame(value)
    return pandas.DataFrame(value["data"], columns=value.get("columns"), index=value.get("index"))
