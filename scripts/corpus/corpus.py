"""What a case of the corpus is, and how it is written: the model's file, the rows it is asked, what the original answers.

Floats are written exactly; NaN and the infinities as text; None as null; sparse answers are written whole.
"""

import importlib
import json
import pickle
import re
import time
import warnings
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import scipy.sparse as sp

METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors")

CASES = []


class Case:
    """One model to train and to ask. `train` gives the object whose file is written (or a function that writes it)."""

    def __init__(self, name, family, train, rows, **options):
        self.name, self.family, self.train, self.rows, self.options = name, family, train, rows, options


def add(family, name, train, rows, **options):
    """Adds a case. Options: ask (the part that is asked), save, file, expect, outputs, rtol, atol, estimator."""
    if any(case.name == name for case in CASES):
        raise ValueError(f"two cases are called {name}")
    CASES.append(Case(name, family, train, rows, **options))


def each(family, path, data, table, wrap=None, label="", **options):
    """A case for every set of parameters of one class; the class is looked up late, as old versions may lack it."""
    for variant, parameters in table.items():
        name = "-".join(part for part in (short(path), label, variant) if part != "")
        of = parameters.pop("data", data) if "data" in parameters else data
        weights = parameters.pop("sample_weight", None)
        extra = {key: parameters.pop(key) for key in ("rows_of", "expect") if key in parameters}
        rows = extra.pop("rows_of", of.rows)
        train = trainer(path, parameters, of, weights, wrap)
        add(family, name, train, rows, **{**options, **extra, "estimator": short(path)})


def trainer(path, parameters, data, weights, wrap):
    def train():
        made = {key: value() if is_late(value) else value for key, value in parameters.items()}
        model = find(path)(**made)
        if wrap is not None:
            model = wrap(model)
        fit = {} if weights is None else {"sample_weight": weights}
        return model.fit(data.X, **fit) if data.y is None else model.fit(data.X, data.y, **fit)

    return train


def late(make):
    """A parameter that is made when the model is: a nested estimator, which may not exist in every version."""
    make.is_late = True
    return make


def short(path):
    """The name of a class without its module."""
    return re.split("[.:]", path)[-1]


def is_late(value):
    return getattr(value, "is_late", False) is True


def find(path):
    """A class of scikit-learn (`svm.SVC`), or of another library by its full name (`xgboost:XGBClassifier`)."""
    module, name = path.split(":") if ":" in path else ("sklearn." + path.rsplit(".", 1)[0], path.rsplit(".", 1)[-1])
    return getattr(importlib.import_module(module), name)


def number(value):
    """A number of Python as JSON can hold it exactly."""
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
    return value


def plain(value):
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (np.ndarray, list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    return number(value)


def array(value):
    is_sparse = sp.issparse(value)
    dense = value.toarray() if is_sparse else np.asarray(value)
    if dense.dtype == object and all(isinstance(one, str) for one in dense.ravel()):
        dense = dense.astype(str)
    data = [plain(one) for one in dense.ravel().tolist()]
    return {"dtype": str(dense.dtype), "shape": list(dense.shape), "sparse": is_sparse, "data": data}


def frame(value):
    columns = []
    for name in value.columns:
        column = value[name]
        dtype, categories = str(column.dtype), None
        if isinstance(column.dtype, pd.CategoricalDtype):
            dtype, categories = "category", plain(list(column.dtype.categories))
        data = [None if one is None or one is pd.NA else plain(one) for one in column.tolist()]
        if dtype in (
            "object",
            "str",
            "string",
            "category",
        ):  # a category's missing value is NaN, and so is pandas' own text's
            data = [
                None if one == "NaN" and not isinstance(raw, str) else one for one, raw in zip(data, column.tolist())
            ]
        columns.append({"name": plain(name), "dtype": dtype, "categories": categories, "data": data})
    return {"kind": "frame", "columns": columns}


def question(rows):
    if isinstance(rows, pd.DataFrame):
        return frame(rows)
    if isinstance(rows, list) and isinstance(rows[0], str):
        return {"kind": "text", "data": rows}
    if isinstance(rows, list):
        return {"kind": "records", "data": plain(rows)}
    return {"kind": "array", **array(rows)}


def labels(model):
    try:
        classes = model.classes_
    except Exception:  # a pipeline whose last step has none
        return None
    if isinstance(classes, list):
        return [array(one) for one in classes]
    return array(classes)


def answers(model, rows, methods):
    """Every method's answer, by the name of the output; a list gives one output for each of its parts."""
    found, failures = {}, {}
    for method in methods:
        try:
            if not hasattr(model, method):
                continue
            answer = getattr(model, method)(rows)
        except Exception as error:
            failures[method] = f"{type(error).__name__}: {error}"[:200]
            continue
        if isinstance(answer, pd.DataFrame):
            answer = answer.to_numpy()
        parts = isinstance(answer, (list, tuple))
        for name, part in [(f"{method}_{i}", one) for i, one in enumerate(answer)] if parts else [(method, answer)]:
            found[name] = array(part)
    if not found:
        raise ValueError(f"nothing can be asked: {failures}")
    return found


def row(rows, i):
    if isinstance(rows, pd.DataFrame):
        return rows.iloc[i : i + 1]
    return rows[i : i + 1]


def latency(model, rows, methods):
    """Median time of one row in the first method that the model has (µs)."""
    method = next(name for name in methods if hasattr(model, name))
    ask, one = getattr(model, method), row(rows, 0)
    times, until = [], time.perf_counter() + 0.1
    while len(times) < 3 or (len(times) < 15 and time.perf_counter() < until):
        started = time.perf_counter()
        ask(one)
        times.append(time.perf_counter() - started)
    return method, round(float(np.median(times)) * 1e6, 1)


def estimators(model):
    """Names of all classes in a model, outermost first."""
    seen, queue = [], [model]
    while queue:
        value = queue.pop(0)
        if isinstance(value, dict):
            queue.extend(value.values())
        elif isinstance(value, (list, tuple)):
            queue.extend(value)
        elif hasattr(value, "get_params") and not isinstance(value, type):
            seen.append(type(value).__name__)
            queue.extend(value.get_params(deep=False).values())
    return list(dict.fromkeys(seen))


def save(model, folder, options):
    """Writes the model's file; gives its name and what it is."""
    how = options.get("save")
    if callable(how):
        return how(model, folder)
    kind, level = how or ("pickle", 4)
    if kind == "pickle":
        (folder / "model.pkl").write_bytes(pickle.dumps(model, protocol=level))
        return "model.pkl", {"pickle": level}
    joblib.dump(model, folder / "model.joblib", compress=level)
    return "model.joblib", {"joblib": level}


def write(case, target, libs):
    """Trains, saves and asks one case."""
    folder = Path(target) / case.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = case.train()
        asked = case.options.get("ask", lambda whole: whole)(model)
        methods = case.options.get("methods", METHODS)
        outputs = answers(asked, case.rows, methods)
        first, micros = latency(asked, case.rows, methods)
        folder.mkdir(parents=True, exist_ok=True)
        name, kind = save(model, folder, case.options)
        classes = labels(asked)
    found = estimators(model)
    write_json(folder / "input.json", question(case.rows))
    write_json(folder / "expected.json", {"classes": classes, "outputs": outputs})
    about = {
        "id": case.name,
        "split": "corpus",
        "dir": f"{libs['sklearn']}/{case.name}",
        "model": name,
        "format": kind,
        "family": case.family,
        "estimator": case.options.get("estimator") or (found[0] if found else type(model).__name__),
        "estimators": found,
        "expect": case.options.get("expect", "compile-or-worker"),
        "rtol": case.options.get("rtol", 1e-5),
        "atol": case.options.get("atol", 1e-6),
        "exact_labels": True,
        "outputs": list(outputs),
        "libs": libs,
        "bytes": (folder / name).stat().st_size,
        "original": {"method": first, "one_row_p50_us": micros},
    }
    write_json(folder / "case.json", about)
    return about


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False))


def families():
    return Counter(case.family for case in CASES)
