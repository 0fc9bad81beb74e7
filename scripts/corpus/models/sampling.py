"""imbalanced-learn: ensembles that balance what each estimator learns from, and samplers in pipelines."""

import numpy as np
from corpus import add, each, find

import data as d

E = "imblearn.ensemble:"
N = dict(n_estimators=4, random_state=0)
_rare = np.arange(len(d.binary.y)) % 6 != 0
_scarce = d.Data(d.binary.X[(d.binary.y == 1) | _rare], d.binary.y[(d.binary.y == 1) | _rare], d.binary.rows)
_words = _scarce.of(np.where(_scarce.y == 1, "good", "bad"))


def tree(**options):
    return find("tree.DecisionTreeClassifier")(random_state=0, **options)


each(
    "imblearn",
    E + "BalancedRandomForestClassifier",
    _scarce,
    {
        "binary": dict(N),
        "text": dict(N, data=_words),
        "multi": dict(N, data=d.iris),
        "all": dict(N, sampling_strategy="all", replacement=True, bootstrap=False),
        "shallow": dict(N, max_depth=2, criterion="entropy"),
        "balanced": dict(N, class_weight="balanced_subsample"),
        "frame": dict(N, data=d.binary_frame),
        "missing": dict(N, data=d.missing),
    },
)
each(
    "imblearn",
    E + "EasyEnsembleClassifier",
    _scarce,
    {
        "binary": dict(N),
        "text": dict(N, data=_words),
        "multi": dict(N, data=d.iris),
        "replacement": dict(N, replacement=True),
        "frame": dict(N, data=d.binary_frame),
    },
)
each(
    "imblearn",
    E + "RUSBoostClassifier",
    _scarce,
    {
        "binary": dict(N),
        "text": dict(N, data=_words),
        "multi": dict(N, data=d.iris),
        "rate": dict(N, learning_rate=0.4),
        "samme": dict(N, algorithm="SAMME"),
        "real": dict(N, algorithm="SAMME.R"),
        "real-multi": dict(N, algorithm="SAMME.R", data=d.iris),
        "frame": dict(N, data=d.binary_frame),
    },
)
each(
    "imblearn",
    E + "BalancedBaggingClassifier",
    _scarce,
    {
        "binary": dict(N),
        "text": dict(N, data=_words),
        "multi": dict(N, data=d.iris),
        "columns": dict(N, max_features=0.5, bootstrap_features=True),
        "samples": dict(N, max_samples=0.6, replacement=True),
        "frame": dict(N, data=d.binary_frame),
        "missing": dict(N, data=d.missing),
    },
)


def over(name):
    def sampler():
        from imblearn import over_sampling

        return getattr(over_sampling, name)(random_state=0)

    return sampler


def around(path, make, data=_scarce, **options):
    def train():
        made = {key: value() if callable(value) else value for key, value in options.items()}
        try:
            model = find(path)(estimator=make(), **N, **made)
        except TypeError:
            model = find(path)(base_estimator=make(), **N, **made)
        return model.fit(data.X, data.y)

    return train


def logreg():
    return find("linear_model.LogisticRegression")(max_iter=500)


def boosted():
    return find("ensemble.AdaBoostClassifier")(tree(max_depth=2), n_estimators=3, random_state=0)


for name, train in {
    "BalancedBaggingClassifier-logreg": around(E + "BalancedBaggingClassifier", logreg),
    "BalancedBaggingClassifier-logreg-multi": around(E + "BalancedBaggingClassifier", logreg, d.iris),
    "BalancedBaggingClassifier-shallow": around(E + "BalancedBaggingClassifier", lambda: tree(max_depth=2)),
    "BalancedBaggingClassifier-over": around(
        E + "BalancedBaggingClassifier", lambda: tree(max_depth=2), sampler=over("RandomOverSampler")
    ),
    "BalancedBaggingClassifier-svc": around(E + "BalancedBaggingClassifier", lambda: find("svm.SVC")()),
    "EasyEnsembleClassifier-boosted": around(E + "EasyEnsembleClassifier", boosted),
    "EasyEnsembleClassifier-boosted-multi": around(E + "EasyEnsembleClassifier", boosted, d.iris),
    "RUSBoostClassifier-deep": around(E + "RUSBoostClassifier", lambda: tree(max_depth=3)),
    "RUSBoostClassifier-logreg": around(E + "RUSBoostClassifier", logreg),
}.items():
    add("imblearn", name, train, d.iris.rows if name.endswith("multi") else _scarce.rows, estimator=name.split("-")[0])


def doubled(X, y):
    """A sampler of the user's own."""
    return np.vstack([X, X]), np.concatenate([y, y])


def piped(*steps, data=_scarce):
    def train():
        from imblearn import pipeline

        return pipeline.make_pipeline(*[step() for step in steps]).fit(data.X, data.y)

    return train


def function_sampler(**options):
    def make():
        from imblearn import FunctionSampler

        return FunctionSampler(**options)

    return make


def combined():
    from imblearn.combine import SMOTETomek

    return SMOTETomek(random_state=0)


def scaler():
    return find("preprocessing.StandardScaler")()


add("imblearn", "Pipeline-own-sampler", piped(scaler, function_sampler(func=doubled), logreg), _scarce.rows, estimator="Pipeline")
add("imblearn", "Pipeline-no-sampler", piped(scaler, function_sampler(), logreg), _scarce.rows, estimator="Pipeline")
add("imblearn", "Pipeline-combined", piped(scaler, combined, logreg), _scarce.rows, estimator="Pipeline")
add(
    "imblearn",
    "Pipeline-balanced-forest",
    piped(scaler, lambda: find(E + "BalancedRandomForestClassifier")(**N)),
    _scarce.rows,
    estimator="Pipeline",
)
add(
    "imblearn",
    "CalibratedClassifierCV-balanced",
    lambda: find("calibration.CalibratedClassifierCV")(find(E + "BalancedRandomForestClassifier")(**N), cv=2).fit(
        _scarce.X, _scarce.y
    ),
    _scarce.rows,
)
