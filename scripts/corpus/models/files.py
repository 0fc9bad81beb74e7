"""The containers of models: protocols of pickle, compressions of joblib, bundles of several things; and user code."""

import pickle

import numpy as np
from corpus import add, find

import data as d


def model(data=d.binary):
    forest = find("ensemble.RandomForestClassifier")(n_estimators=3, max_depth=3, random_state=0)
    return find("pipeline.make_pipeline")(find("preprocessing.StandardScaler")(), forest).fit(data.X, data.y)


def text():
    return find("pipeline.make_pipeline")(
        find("feature_extraction.text.TfidfVectorizer")(), find("linear_model.LogisticRegression")()
    ).fit(d.texts.X, d.texts.y)


def boosted(data=d.iris):
    return find("ensemble.HistGradientBoostingClassifier")(max_iter=4, max_leaf_nodes=4).fit(data.X, data.y)


for protocol in range(6):
    add("files", f"pickle-{protocol}-forest", model, d.binary.rows, save=("pickle", protocol))
    add("files", f"pickle-{protocol}-text", text, d.texts.rows, save=("pickle", protocol))
    add("files", f"pickle-{protocol}-boosted", boosted, d.iris.rows, save=("pickle", protocol))
for name, level in {
    "raw": 0,
    "zlib": 3,
    "zlib-9": ("zlib", 9),
    "gzip": ("gzip", 3),
    "bz2": ("bz2", 3),
    "xz": ("xz", 3),
    "lzma": ("lzma", 3),
    "lz4": ("lz4", 3),
}.items():
    add("files", f"joblib-{name}-forest", model, d.binary.rows, save=("joblib", level))
    add("files", f"joblib-{name}-text", text, d.texts.rows, save=("joblib", level))


def scaler_and(key="model"):
    scaler = find("preprocessing.StandardScaler")().fit(d.binary.X)
    return scaler, find("linear_model.LogisticRegression")().fit(scaler.transform(d.binary.X), d.binary.y)


def bundle(**extra):
    def train():
        scaler, logreg = scaler_and()
        return {"scaler": scaler, "model": logreg, **extra}

    return train


class Chain:
    """What a bundle answers when its scaler comes before its model."""

    def __init__(self, *parts):
        *self.before, self.last = parts
        if hasattr(self.last, "classes_"):
            self.classes_ = self.last.classes_
        for method in ("predict", "predict_proba", "decision_function"):
            if hasattr(self.last, method):
                setattr(self, method, self._answer(method))

    def _answer(self, method):
        def answer(rows):
            for part in self.before:
                rows = part.transform(rows)
            return getattr(self.last, method)(rows)

        return answer


def chained(names):
    return lambda whole: Chain(*[whole[name] for name in names])


add("bundles", "dict-scaler-model", bundle(), d.binary.rows, ask=chained(["scaler", "model"]), estimator="dict")
add(
    "bundles",
    "dict-features",
    bundle(features=["a", "b", "c", "d", "e", "f"], version="1.0", threshold=0.4),
    d.binary.rows,
    ask=chained(["scaler", "model"]),
    estimator="dict",
)
add(
    "bundles",
    "dict-metrics",
    bundle(metrics={"auc": 0.99, "rows": np.int64(143)}, trained=np.datetime64("2025-01-01")),
    d.binary.rows,
    ask=chained(["scaler", "model"]),
    estimator="dict",
)
add(
    "bundles",
    "dict-only-model",
    lambda: {"model": model(), "columns": list("abcdef")},
    d.binary.rows,
    ask=lambda whole: whole["model"],
    estimator="dict",
)
add(
    "bundles",
    "dict-other-names",
    lambda: {"preprocessor": scaler_and()[0], "classifier": scaler_and()[1]},
    d.binary.rows,
    ask=chained(["preprocessor", "classifier"]),
    estimator="dict",
)
add(
    "bundles",
    "dict-nested",
    lambda: {"artifacts": {"models": [model()], "columns": list("abcdef")}, "metrics": {"auc": 0.9}},
    d.binary.rows,
    ask=lambda whole: whole["artifacts"]["models"][0],
    estimator="dict",
)
add(
    "bundles",
    "dict-folds",
    lambda: {"model": model(), "folds": [model(), model()]},
    d.binary.rows,
    ask=lambda whole: whole["model"],
    estimator="dict",
)
add("bundles", "list-one", lambda: [model()], d.binary.rows, ask=lambda whole: whole[0], estimator="list")
add(
    "bundles",
    "tuple-scaler-model",
    lambda: scaler_and(),
    d.binary.rows,
    ask=lambda whole: Chain(*whole),
    estimator="tuple",
)
add(
    "bundles",
    "tuple-model-columns",
    lambda: (model(), list("abcdef")),
    d.binary.rows,
    ask=lambda whole: whole[0],
    estimator="tuple",
)
add(
    "bundles",
    "list-scaler-model",
    lambda: list(scaler_and()),
    d.binary.rows,
    ask=lambda whole: Chain(*whole),
    estimator="list",
)
add(
    "bundles",
    "dict-text",
    lambda: {"vectorizer": text().steps[0][1], "model": text().steps[1][1]},
    d.texts.rows,
    ask=chained(["vectorizer", "model"]),
    estimator="dict",
)


class OwnModel:
    """A user's class: only with its code can it run."""

    def fit(self, X, y):
        self.classes_, self.mean_ = np.unique(y), X.mean()
        return self

    def predict(self, X):
        return np.where(np.asarray(X).mean(1) > self.mean_, self.classes_[1], self.classes_[0])


def double(X):
    return X * 2


add(
    "user-code",
    "own-class",
    lambda: OwnModel().fit(d.binary.X, d.binary.y),
    d.binary.rows,
    expect="refuse-or-worker",
    estimator="user code",
)
add(
    "user-code",
    "own-function",
    lambda: find("preprocessing.FunctionTransformer")(double).fit(d.binary.X),
    d.binary.rows,
    expect="refuse-or-worker",
    estimator="user code",
)
add(
    "user-code",
    "own-step",
    lambda: find("pipeline.make_pipeline")(
        find("preprocessing.FunctionTransformer")(double), find("linear_model.LogisticRegression")(max_iter=200)
    ).fit(d.binary.X, d.binary.y),
    d.binary.rows,
    expect="refuse-or-worker",
    estimator="user code",
)


def by_value(made, folder):
    import cloudpickle

    (folder / "model.pkl").write_bytes(cloudpickle.dumps(made))
    return "model.pkl", {"cloudpickle": pickle.DEFAULT_PROTOCOL}


add(
    "user-code",
    "cloudpickle-lambda",
    lambda: find("preprocessing.FunctionTransformer")(lambda X: X + 1).fit(d.binary.X),
    d.binary.rows,
    save=by_value,
    expect="refuse-or-worker",
    estimator="user code",
)
add(
    "user-code",
    "own-kernel",
    lambda: find("neighbors.KNeighborsClassifier")(weights=double).fit(d.iris.X, d.iris.y),
    d.iris.rows,
    expect="refuse-or-worker",
    estimator="user code",
)
