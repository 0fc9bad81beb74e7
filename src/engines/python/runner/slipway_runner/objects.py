"""A model that was saved as an object: pickle, joblib, TorchScript, and files that one library loads."""

import json
import os

from .arrays import from_array, need_numpy, to_array
from .failures import Refusal, failure_of
from .wire import Tensor

MODEL_FILES = (".pkl", ".pickle", ".joblib", ".sav", ".dill", ".pt", ".pth", ".cbm", ".keras", ".h5")

# In the order in which outputs are listed; the first that there is answers who names none.
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")

# Sizes tried for dimensions of images that a network leaves open.
OPEN_SIZES = (28, 32, 64, 224)

ROWS = 4


def only_model_file(root, why):
    """The one file in a folder, beside its code, that holds a model."""
    found = [name for name in sorted(os.listdir(root)) if name.lower().endswith(MODEL_FILES)]
    if len(found) == 1:
        return os.path.join(root, found[0])
    raise Refusal(
        "refused",
        "%s, and the folder holds %s: write model_fn(model_dir)"
        % (why, "no model file" if not found else "several model files (%s)" % ", ".join(found[:5])),
        "code",
    )


def load_any(path):
    """The object in a file, by the library that writes such files."""
    name = path.lower()
    if name.endswith((".pt", ".pth")):
        return _load_torch(path)
    if name.endswith(".cbm"):
        from catboost import CatBoost

        return CatBoost().load_model(path)
    if name.endswith((".keras", ".h5")):
        try:
            from keras.models import load_model
        except ImportError:
            from tensorflow.keras.models import load_model
        return load_model(path)
    try:
        import joblib
    except ImportError:
        if name.endswith(".joblib"):
            raise
        import pickle

        with open(path, "rb") as file:
            return pickle.load(file)
    try:
        return joblib.load(path)
    except ModuleNotFoundError as error:
        if error.name != "__builtin__":  # as dill alone calls it
            raise
    import dill

    with open(path, "rb") as file:
        return dill.load(file)


def _load_torch(path):
    import torch

    try:
        return torch.jit.load(path, map_location="cpu").eval()
    except RuntimeError:
        loaded = torch.load(path, map_location="cpu", weights_only=False)
    if hasattr(loaded, "eval") and callable(loaded):
        return loaded.eval()
    raise Refusal(
        "refused",
        "the file holds %s, not a model: weights need the code that builds their model; write inference.py with model_fn"
        % type(loaded).__name__,
        "code",
    )


def load(settings, state):
    model = load_any(os.path.join(state.root, settings["entry"]))
    if isinstance(model, dict):
        model = _inside(model)
    if type(model).__name__ == "Booster" and hasattr(model, "inplace_predict"):
        model = _XgboostBooster(model)
    if hasattr(model, "state_dict") and not hasattr(model, "predict"):
        return _Network(model)
    if not any(_has(model, name) for name in METHODS):
        raise Refusal(
            "refused",
            "the file holds %s, which has none of %s: write inference.py with predict_fn(data, model)"
            % (type(model).__name__, ", ".join(METHODS)),
            "code",
        )
    return _Estimator(model)


def _inside(bundle):
    """Of a dict of things, the one that predicts."""
    found = [name for name, value in bundle.items() if _has(value, "predict")]
    if len(found) == 1 and not any(_has(value, "transform") for value in bundle.values()):
        return bundle[found[0]]
    raise Refusal(
        "refused",
        "the file holds a dict with %s: how they work together, only code can say; write inference.py with predict_fn"
        % ", ".join(repr(str(name))[:40] for name in list(bundle)[:8]),
        "code",
    )


def _has(model, name):
    try:
        return callable(getattr(model, name, None))
    except Exception:  # properties of estimators may fail in any way
        return False


class _Estimator:
    """An estimator as scikit-learn has them, or anything with its methods."""

    def __init__(self, model):
        self.model = model
        self.methods = [name for name in METHODS if _has(model, name)]
        self.outputs = None
        self.columns = _names(getattr(model, "feature_names_in_", None))
        self.takes = None if self.columns else _takes(model)
        self.first = _first(model)
        self.width = _width(model)
        # what encoders know of each column: its categories, texts or numbers
        self.known = _known(model, self.first, self.columns or list(range(self.width or 0)))
        self.is_text = {name: isinstance(known[0], str) for name, known in self.known.items()}

    def run(self, tensors, wanted, state):
        given = self._arguments(tensors)
        outputs = {}
        for method in self.methods:
            if any(name == method or name.startswith(method + "_") for name in wanted):
                state.doing = method
                outputs.update(self._checked(_named(method, getattr(self.model, method)(given)), tensors))
        missing = [name for name in wanted if name not in outputs]
        if missing:
            raise Refusal("internal", "the model gave no %s" % ", ".join(missing), "output")
        return {name: outputs[name] for name in wanted}

    def _checked(self, outputs, tensors):
        """Each method answers row by row."""
        rows = next(iter(tensors.values())).shape[0]
        for name, tensor in outputs.items():
            if not tensor.shape or tensor.shape[0] != rows:
                found = "%d rows" % tensor.shape[0] if tensor.shape else "no rows"
                raise Refusal("internal", 'the model gave "%s" of %s for %d rows' % (name, found, rows), "output")
        return outputs

    def _arguments(self, tensors):
        if self.columns:
            import pandas

            return pandas.DataFrame({name: _column(tensors[name]) for name in self.columns}, columns=self.columns)
        given = to_array(tensors["X"])
        if self.takes is None:
            return given
        rows = given.reshape(-1).tolist()
        if self.takes == "text":
            return rows
        try:
            return [json.loads(row) for row in rows]
        except (ValueError, TypeError) as error:
            raise Refusal("invalid_argument", "an element of X is no JSON object: %s" % error)

    def describe(self, state):
        np = need_numpy()
        warnings = []
        example = self._example(np)
        outputs = []
        given = self._arguments(example)
        for method in self.methods:
            try:
                found = self._checked(_named(method, getattr(self.model, method)(given)), example)
            except Exception as error:
                warnings.append(failure_of(error, method, state.root).message + ": it is left out")
                continue
            for name, tensor in found.items():
                shape = [-1] + list(tensor.shape[1:]) if tensor.shape and tensor.shape[0] == ROWS else list(tensor.shape)
                outputs.append({"name": name, "datatype": tensor.datatype, "shape": shape})
        if not outputs:
            raise Refusal("refused", "none of the model's methods ran on rows made up for it: %s" % "; ".join(warnings))
        first = outputs[0]["name"].rstrip("_0123456789")
        description = {
            "isRaw": False,
            "producer": _producer(self.model),
            "inputs": self._inputs(),
            "outputs": outputs,
            "defaultOutputs": [each["name"] for each in outputs if each["name"].rstrip("_0123456789") == first],
            "warnings": warnings,
        }
        return description, example

    def _inputs(self):
        if self.columns:
            return [
                {"name": name, "datatype": "BYTES" if self.is_text.get(name) else "FP64", "shape": [-1, 1]}
                for name in self.columns
            ]
        if self.takes is not None:
            return [{"name": "X", "datatype": "BYTES", "shape": [-1]}]
        datatype = "BYTES" if any(self.is_text.values()) else "FP64"
        return [{"name": "X", "datatype": datatype, "shape": [-1, -1 if self.width is None else self.width]}]

    def _example(self, np):
        """Rows made up, the same ones each time."""
        numbers = np.random.RandomState(12345)
        if self.columns:
            return {name: self._column(np, name, numbers) for name in self.columns}
        if self.takes == "objects":
            names = [str(name).split("=") for name in getattr(self.first, "feature_names_", [])[:2]] or [["a"]]
            row = {name[0]: name[1] if len(name) > 1 else 0.5 for name in names}
            return {"X": Tensor("BYTES", (ROWS,), [json.dumps(row).encode()] * (ROWS - 1) + [b"{}"])}
        if self.takes == "text":
            return {"X": Tensor("BYTES", (ROWS,), [b"a word", b"another word here", b"", b"some words more"])}
        if self.known:
            columns = [to_array(self._column(np, name, numbers)) for name in range(self.width)]
            return {"X": from_array(np.concatenate(columns, axis=1))}
        return {"X": _floats(np.round(numbers.rand(ROWS, self.width or 4), 3))}

    def _column(self, np, name, numbers):
        known = self.known.get(name)
        if known is None:
            return _floats(np.round(numbers.rand(ROWS, 1), 3))
        values = [known[i % len(known)] for i in range(ROWS)]
        if self.is_text[name]:
            return Tensor("BYTES", (ROWS, 1), [value.encode() for value in values])
        return _floats(np.array(values).reshape(-1, 1))


class _XgboostBooster:
    """A booster of XGBoost, which takes arrays under another name."""

    def __init__(self, booster):
        self.booster = booster
        self.n_features_in_ = booster.num_features()

    def predict(self, rows):
        return self.booster.inplace_predict(rows, validate_features=False)


class _Network:
    """A network of torch; its first layer tells the shape of its input."""

    def __init__(self, model):
        self.model = model
        self.shape = self._shape()

    def _shape(self):
        for name, weights in self.model.state_dict().items():
            if weights.dim() == 2:
                return [-1, int(weights.shape[1])]
            if weights.dim() in (3, 4, 5):
                return [-1, int(weights.shape[1])] + [-1] * (weights.dim() - 2)
        raise Refusal("refused", "the network's layers do not tell the shape of its input: write inference.py", "code")

    def run(self, tensors, wanted, state):
        import torch

        if state is not None:
            state.doing = "the network"
        given = to_array(tensors["input"])
        with torch.no_grad():
            outputs = _results(self.model(torch.from_numpy(given)))
        return outputs if wanted is None else {name: outputs[name] for name in wanted}

    def describe(self, state):
        np = need_numpy()
        numbers = np.random.RandomState(12345)
        failure = None
        for size in OPEN_SIZES if -1 in self.shape[1:] else (0,):
            given = np.round(numbers.rand(ROWS, *[size if each < 0 else each for each in self.shape[1:]]), 3).astype("f4")
            example = {"input": from_array(given)}
            try:
                outputs = self.run(example, None, state)
            except Exception as error:
                failure = failure or error
                continue
            shapes = self._shapes(outputs, size, numbers)
            return {
                "isRaw": False,
                "producer": "PyTorch",
                "inputs": [{"name": "input", "datatype": "FP32", "shape": self.shape}],
                "outputs": [
                    {"name": name, "datatype": tensor.datatype, "shape": shapes[name]} for name, tensor in outputs.items()
                ],
                "warnings": [],
            }, example
        raise failure_of(failure, "the network, on inputs made up for it", state.root, "refused")


    def _shapes(self, outputs, size, numbers):
        """Shapes of the outputs; what is another with larger inputs may vary."""
        shapes = {name: [-1] + list(tensor.shape[1:]) for name, tensor in outputs.items()}
        if -1 not in self.shape[1:]:
            return shapes
        larger = numbers.rand(ROWS, *[2 * size if each < 0 else each for each in self.shape[1:]]).astype("f4")
        try:
            others = self.run({"input": from_array(larger)}, None, None)
        except Exception:  # it takes one size
            return shapes
        for name, tensor in others.items():
            if len(tensor.shape) == len(shapes.get(name, ())):
                shapes[name] = [a if a == b else -1 for a, b in zip(shapes[name], [-1] + list(tensor.shape[1:]))]
        return shapes


def _results(value):
    if isinstance(value, dict):
        return {str(name): from_array(each) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return {"output_%d" % i: from_array(each) for i, each in enumerate(value)}
    return {"output": from_array(value)}


def _named(method, value):
    """A method's outputs: one, or of models with several targets a list, one for each."""
    if isinstance(value, (list, tuple)) and value and all(hasattr(each, "shape") and each.shape for each in value):
        return {"%s_%d" % (method, i): from_array(each) for i, each in enumerate(value)}
    return {method: from_array(value)}


def _floats(array):
    return from_array(array.astype("f8"))


def _column(tensor):
    np = need_numpy()
    values = to_array(tensor).reshape(-1)
    if tensor.datatype != "BYTES":
        return values
    return np.array([np.nan if value == "" else value for value in values], dtype=object)


def _names(names):
    return [] if names is None else [str(name) for name in names]


def _width(model):
    """How many features a model takes, in the words of scikit-learn, LightGBM and XGBoost."""
    for name in ("n_features_in_", "num_feature", "num_features"):
        try:
            count = getattr(model, name, None)
            if count is not None:
                return int(count() if callable(count) else count)
        except Exception:  # properties of estimators may fail in any way
            continue
    return None


def _steps(model):
    """A model and what it is made of, outermost first."""
    found, waiting, seen = [], [model], set()
    while waiting and len(found) < 1000:
        each = waiting.pop(0)
        if id(each) in seen or isinstance(each, (str, bytes, int, float, type(None))):
            continue
        seen.add(id(each))
        found.append(each)
        for name in ("steps", "transformer_list"):
            waiting.extend(step[1] for step in getattr(each, name, None) or [] if isinstance(step, tuple) and len(step) > 1)
        for name in ("_preprocessor", "best_estimator_", "estimator_", "estimator", "regressor_", "estimators_"):
            inner = getattr(each, name, None)
            waiting.extend(inner if isinstance(inner, list) else [inner] if inner is not None else [])
    return found


def _first(model):
    """What sees the rows first."""
    for each in _steps(model):
        steps = getattr(each, "steps", None)
        if steps:
            return steps[0][1]
        if hasattr(each, "build_analyzer") or hasattr(each, "feature_names_") and hasattr(each, "vocabulary_"):
            return each
    return model


def _takes(model):
    """Whether rows are texts, or objects as JSON, rather than numbers."""
    first = _first(model)
    if hasattr(first, "build_analyzer"):
        return "text"
    if type(first).__name__ == "DictVectorizer" or getattr(first, "input_type", None) == "dict":
        return "objects"
    return None


def _known(model, first, columns):
    """What encoders know of the columns: their categories."""
    known = {}
    for each in _steps(model):
        for entry in getattr(each, "transformers_", None) or []:
            if len(entry) > 2:
                _note(entry[1], _chosen(entry[2], columns), known)
    _note(first, columns, known)
    return known


def _note(transformer, names, known):
    for step in _steps(transformer):
        if hasattr(step, "build_analyzer"):
            for name in names:
                known.setdefault(name, ["a word", "another word"])
        categories = getattr(step, "categories_", None)
        for name, values in zip(names, categories if isinstance(categories, list) else []):
            if not hasattr(values, "tolist"):
                continue
            listed = values.tolist()
            texts = [value for value in listed if isinstance(value, str)]
            numbers = [float(value) for value in listed if isinstance(value, (int, float)) and value == value]
            if texts or numbers:
                known.setdefault(name, texts or numbers)
        fill = getattr(step, "statistics_", None)
        for name, value in zip(names, fill if fill is not None else []):
            if isinstance(value, str):
                known.setdefault(name, [value])


def _chosen(chosen, columns):
    if isinstance(chosen, str):
        return [chosen]
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            start = columns.index(chosen.start) if chosen.start is not None else 0
            stop = columns.index(chosen.stop) + 1 if chosen.stop is not None else len(columns)
            return columns[start:stop]
        return columns[chosen]
    try:
        listed = list(chosen)
    except TypeError:
        listed = [chosen]
    if listed and all(isinstance(each, bool) for each in listed):
        return [name for name, is_in in zip(columns, listed) if is_in]
    return [each if isinstance(each, str) else columns[int(each)] for each in listed]


def _producer(model):
    kind = type(model)
    package = kind.__module__.split(".")[0]
    try:
        import importlib

        version = getattr(importlib.import_module(package), "__version__", "")
    except ImportError:
        version = ""
    return ("%s %s, %s" % (package, version, kind.__name__)).replace(" ,", ",")[:200]
