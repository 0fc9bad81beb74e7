"""Trees and their ensembles, with rows that lie exactly on their thresholds."""

import numpy as np
from corpus import add, each, find, late

import data as d

weights = 0.3 + np.random.RandomState(2).rand(200)
T, E = "tree.", "ensemble."

each(
    "trees",
    T + "DecisionTreeClassifier",
    d.iris,
    {
        "str": dict(random_state=0),
        "entropy": dict(criterion="entropy", max_depth=3, random_state=0),
        "log-loss": dict(criterion="log_loss", max_depth=3, random_state=0),
        "bool": dict(data=d.binary_bool, max_depth=3),
        "negative": dict(data=d.binary_negative, max_depth=3),
        "float": dict(data=d.binary_float, max_depth=3),
        "object": dict(data=d.binary_object, max_depth=3),
        "frame": dict(data=d.binary_frame, max_depth=3),
        "stump": dict(max_depth=1),
        "leaf": dict(min_samples_split=1000),
        "weights": dict(sample_weight=weights[: len(d.iris.y)], max_depth=4, random_state=0),
        "balanced": dict(class_weight="balanced", max_leaf_nodes=5),
        "random": dict(splitter="random", max_features=2, random_state=1),
        "pruned": dict(ccp_alpha=0.02, random_state=0),
        "digits": dict(data=d.digits, max_depth=6, random_state=0),
        "multi-int": dict(data=d.multi_int, max_depth=4, random_state=0),
        "multi-str": dict(data=d.multi_str, max_depth=4, random_state=0),
        "multilabel": dict(data=d.multilabel, max_depth=3),
        "missing": dict(data=d.missing, max_depth=5, random_state=0),
        "missing-multi": dict(data=d.missing_iris, random_state=0),
        "missing-late": dict(data=d.late_missing, max_depth=5, random_state=0),
        "monotonic": dict(data=d.binary, monotonic_cst=[1, 0, -1, 0, 0, 0], max_depth=4),
    },
)
each(
    "trees",
    T + "DecisionTreeRegressor",
    d.diabetes,
    {
        **{
            c: dict(criterion=c, max_depth=4, random_state=0)
            for c in ("squared_error", "friedman_mse", "absolute_error", "poisson")
        },
        "two": dict(data=d.diabetes_two, max_depth=5, random_state=0),
        "column": dict(data=d.diabetes_one_column, max_depth=3),
        "missing": dict(data=d.missing_reg, max_depth=5, random_state=0),
        "weights": dict(sample_weight=d.weights, max_depth=4, random_state=0),
        "leaf": dict(min_samples_split=1000),
        "full": dict(random_state=0),
    },
)
each(
    "trees",
    T + "ExtraTreeClassifier",
    d.wine,
    {"plain": dict(random_state=0, max_depth=5), "missing": dict(data=d.missing, random_state=0, max_depth=5)},
)
each(
    "trees",
    T + "ExtraTreeRegressor",
    d.diabetes,
    {"plain": dict(random_state=0, max_depth=5), "two": dict(data=d.diabetes_two, random_state=0, max_depth=4)},
)
F = dict(n_estimators=7, max_depth=4, random_state=0)
for name in ("RandomForestClassifier", "ExtraTreesClassifier"):
    each(
        "forests",
        E + name,
        d.wine,
        {
            "int": dict(F),
            "str": dict(F, data=d.iris),
            "bool": dict(F, data=d.binary_bool),
            "negative": dict(F, data=d.binary_negative),
            "object": dict(F, data=d.binary_object),
            "float": dict(F, data=d.binary_float),
            "entropy-full": dict(F, criterion="entropy", max_depth=None, n_estimators=4),
            "balanced": dict(F, class_weight="balanced"),
            "subsample": dict(F, class_weight="balanced_subsample", bootstrap=True, max_samples=0.5),
            "oob": dict(F, bootstrap=True, oob_score=True, n_estimators=12),
            "no-bootstrap": dict(F, bootstrap=False, max_features=None),
            "multi-int": dict(F, data=d.multi_int),
            "multi-str": dict(F, data=d.multi_str),
            "multilabel": dict(F, data=d.multilabel),
            "missing": dict(F, data=d.missing),
            "leaves": dict(F, max_leaf_nodes=6, min_samples_leaf=3),
            "warm-jobs": dict(F, warm_start=True, n_jobs=2),
            "monotonic": dict(F, data=d.binary, monotonic_cst=[1, 0, 0, 0, -1, 0]),
            "frame": dict(F, data=d.binary_frame),
            "weights": dict(F, sample_weight=weights[: len(d.wine.y)]),
            "float32": dict(F, data=d.binary_float32),
        },
    )
for name in ("RandomForestRegressor", "ExtraTreesRegressor"):
    each(
        "forests",
        E + name,
        d.diabetes,
        {
            "plain": dict(F),
            "two": dict(F, data=d.diabetes_two),
            "column": dict(F, data=d.diabetes_one_column),
            "poisson": dict(F, criterion="poisson", data=d.counts_y),
            "absolute": dict(F, criterion="absolute_error", n_estimators=3),
            "missing": dict(F, data=d.missing_reg),
            "full": dict(F, max_depth=None, n_estimators=3, max_features=0.5),
        },
    )
each(
    "forests",
    E + "RandomTreesEmbedding",
    d.iris_X,
    {
        "sparse": dict(n_estimators=4, max_depth=3, random_state=0),
        "dense": dict(n_estimators=4, max_depth=3, random_state=0, sparse_output=False),
    },
)
each(
    "forests",
    E + "IsolationForest",
    d.iris_X,
    {
        "auto": dict(n_estimators=8, random_state=0),
        "contamination": dict(n_estimators=8, contamination=0.2, random_state=0),
        "features": dict(n_estimators=6, max_features=2, max_samples=20, random_state=0),
        "bootstrap": dict(n_estimators=6, bootstrap=True, max_features=0.5, contamination=0.1, random_state=0),
        "float32": dict(data=d.Data(d.binary_float32.X, None, d.binary_float32.rows), n_estimators=5, random_state=0),
        "frame": dict(data=d.Data(d.binary_frame.X, None, d.binary_frame.rows), n_estimators=5, random_state=0),
    },
)
B = dict(n_estimators=8, max_depth=2, random_state=0)
each(
    "gradient-boosting",
    E + "GradientBoostingClassifier",
    d.binary,
    {
        "binary": dict(B),
        "str": dict(B, data=d.binary_str),
        "multi": dict(B, data=d.iris),
        "exponential": dict(B, loss="exponential"),
        "zero": dict(B, init="zero"),
        "multi-zero": dict(B, data=d.iris, init="zero"),
        "init-logreg": dict(B, init=late(lambda: find("linear_model.LogisticRegression")(max_iter=300))),
        "multi-init-forest": dict(
            B,
            data=d.iris,
            init=late(lambda: find("ensemble.RandomForestClassifier")(n_estimators=3, max_depth=2, random_state=0)),
        ),
        "exponential-init": dict(B, loss="exponential", init=late(lambda: find("naive_bayes.GaussianNB")())),
        "init-dummy": dict(B, init=late(lambda: find("dummy.DummyClassifier")(strategy="prior"))),
        "subsample": dict(B, subsample=0.5, max_features=2),
        "early": dict(B, n_iter_no_change=2, n_estimators=40),
        "rate": dict(B, learning_rate=0.5, max_leaf_nodes=4, max_depth=None),
        "weights": dict(B, sample_weight=weights[: len(d.binary.y)]),
        "bool": dict(B, data=d.binary_bool),
        "frame": dict(B, data=d.binary_frame),
        "deviance": dict(B, loss="deviance"),
        "float32": dict(B, data=d.binary_float32),
    },
)
each(
    "gradient-boosting",
    E + "GradientBoostingRegressor",
    d.diabetes,
    {
        **{loss: dict(B, loss=loss) for loss in ("squared_error", "absolute_error", "huber", "quantile")},
        "quantile-low": dict(B, loss="quantile", alpha=0.1),
        "zero": dict(B, init="zero"),
        "init-linear": dict(B, init=late(lambda: find("linear_model.LinearRegression")())),
        "init-tree": dict(B, init=late(lambda: find("tree.DecisionTreeRegressor")(max_depth=2))),
        "init-dummy": dict(B, init=late(lambda: find("dummy.DummyRegressor")(strategy="median"))),
        "subsample": dict(B, subsample=0.4, criterion="squared_error"),
        "weights": dict(B, sample_weight=d.weights),
    },
)
H = dict(max_iter=8, max_leaf_nodes=6, random_state=0, min_samples_leaf=5)
each(
    "hist-gradient-boosting",
    E + "HistGradientBoostingClassifier",
    d.missing,
    {
        "missing": dict(H),
        "str": dict(H, data=d.binary_str),
        "bool": dict(H, data=d.binary_bool),
        "multi": dict(H, data=d.iris),
        "missing-multi": dict(H, data=d.missing_iris),
        "late-missing": dict(H, data=d.late_missing),
        "balanced": dict(H, class_weight="balanced"),
        "early": dict(H, early_stopping=True, max_iter=40, n_iter_no_change=3),
        "monotonic": dict(H, monotonic_cst=[1, 0, -1, 0, 0, 0]),
        "interaction": dict(H, interaction_cst="no_interactions"),
        "interaction-list": dict(H, interaction_cst=[{0, 1}, {2, 3, 4, 5}]),
        "features": dict(H, max_features=0.5),
        "weights": dict(H, sample_weight=weights[: len(d.missing.y)]),
        "codes-mask": dict(H, data=d.codes, categorical_features=[True, False, True, True]),
        "codes-index": dict(H, data=d.codes, categorical_features=[0, 3]),
        "names": dict(
            H, data=d.fraud_category, categorical_features=["country", "device"], rows_of=d.fraud_category.rows
        ),
        "dtype": dict(H, data=d.fraud_category, categorical_features="from_dtype"),
        "frame": dict(H, data=d.binary_frame),
        "monotonic-names": dict(H, data=d.binary_frame, monotonic_cst={"radius": 1, "texture": -1}),
        "float32": dict(H, data=d.binary_float32),
        "bins": dict(H, max_bins=8, l2_regularization=2.0, max_depth=2),
        "scalar": dict(H, data=d.codes, categorical_features=[1]),
    },
)
each(
    "hist-gradient-boosting",
    E + "HistGradientBoostingRegressor",
    d.missing_reg,
    {
        **{loss: dict(H, loss=loss) for loss in ("squared_error", "absolute_error", "poisson", "gamma")},
        "quantile": dict(H, loss="quantile", quantile=0.8),
        "early": dict(H, early_stopping=True, max_iter=30),
        "weights": dict(H, sample_weight=d.weights),
        "dtype": dict(
            H,
            data=d.Data(
                d.fraud_category.X.drop(columns="amount"), d.fraud_y, d.fraud_category.rows.drop(columns="amount")
            ),
            categorical_features="from_dtype",
        ),
        "warm": dict(H, warm_start=True),
    },
)
each(
    "adaboost",
    E + "AdaBoostClassifier",
    d.iris,
    {
        "samme": dict(n_estimators=5, algorithm="SAMME", random_state=0),
        "samme-r": dict(n_estimators=5, algorithm="SAMME.R", random_state=0),
        "default": dict(n_estimators=5, random_state=0),
        "binary": dict(n_estimators=5, data=d.binary_str, algorithm="SAMME", random_state=0),
        "binary-r": dict(n_estimators=5, data=d.binary_bool, algorithm="SAMME.R", random_state=0),
        "binary-default": dict(n_estimators=6, data=d.binary_negative, random_state=0),
        "rate": dict(n_estimators=5, learning_rate=0.3, random_state=0),
        "depth": dict(
            n_estimators=4,
            random_state=0,
            estimator=late(lambda: find("tree.DecisionTreeClassifier")(max_depth=3, random_state=0)),
        ),
        "base": dict(
            n_estimators=4,
            random_state=0,
            base_estimator=late(lambda: find("tree.DecisionTreeClassifier")(max_depth=2, random_state=0)),
        ),
        "logreg": dict(
            n_estimators=3,
            random_state=0,
            estimator=late(lambda: find("linear_model.LogisticRegression")(max_iter=200)),
        ),
        "svc": dict(n_estimators=3, random_state=0, algorithm="SAMME", estimator=late(lambda: find("svm.SVC")())),
    },
)
each(
    "adaboost",
    E + "AdaBoostRegressor",
    d.diabetes,
    {
        **{loss: dict(n_estimators=5, loss=loss, random_state=0) for loss in ("linear", "square", "exponential")},
        "ridge": dict(n_estimators=4, random_state=0, estimator=late(lambda: find("linear_model.Ridge")())),
        "even": dict(n_estimators=4, random_state=3, learning_rate=0.5),
    },
)
each(
    "bagging",
    E + "BaggingClassifier",
    d.wine,
    {
        "trees": dict(n_estimators=4, random_state=0),
        "features": dict(n_estimators=5, max_features=0.5, random_state=0),
        "features-bootstrap": dict(
            n_estimators=5, max_features=3, bootstrap_features=True, bootstrap=False, random_state=0
        ),
        "str": dict(n_estimators=3, data=d.iris, random_state=0),
        "svc": dict(n_estimators=3, random_state=0, estimator=late(lambda: find("svm.SVC")())),
        "logreg": dict(
            n_estimators=3,
            random_state=0,
            max_samples=0.4,
            estimator=late(lambda: find("linear_model.LogisticRegression")(max_iter=200)),
        ),
        "ridge-vote": dict(
            n_estimators=3,
            random_state=0,
            data=d.binary_str,
            estimator=late(lambda: find("linear_model.RidgeClassifier")()),
        ),
        "knn": dict(
            n_estimators=3,
            random_state=0,
            data=d.binary_bool,
            estimator=late(lambda: find("neighbors.KNeighborsClassifier")()),
        ),
        "few-classes": dict(n_estimators=4, max_samples=4, random_state=2, data=d.iris),
        "oob": dict(n_estimators=12, oob_score=True, random_state=0, data=d.iris),
        "frame": dict(n_estimators=3, data=d.binary_frame, random_state=0, max_features=0.6),
    },
)
each(
    "bagging",
    E + "BaggingRegressor",
    d.diabetes,
    {
        "trees": dict(n_estimators=4, random_state=0),
        "features": dict(n_estimators=4, max_features=0.6, random_state=0),
        "svr": dict(n_estimators=3, random_state=0, estimator=late(lambda: find("svm.SVR")())),
        "two": dict(n_estimators=3, data=d.diabetes_two, random_state=0),
    },
)


def thresholds(model):
    """(feature, threshold) of every split of a fitted tree or ensemble of them."""
    parts = np.ravel(model.estimators_) if hasattr(model, "estimators_") else [model]
    found = [(f, t) for part in parts for f, t in zip(part.tree_.feature, part.tree_.threshold) if f >= 0]
    return found[:: max(1, len(found) // 12)]


def hist_thresholds(model):
    nodes = np.concatenate([tree.nodes for trees in model._predictors for tree in trees])
    nodes = nodes[nodes["is_leaf"] == 0]
    found = list(zip(nodes["feature_idx"], nodes["num_threshold"]))
    return found[:: max(1, len(found) // 12)]


def edge(path, of, data, **parameters):
    """Rows that lie exactly on thresholds, a float64 and a float32 beside, and between two float32."""
    base = data.X[0]
    model = find(path)(**parameters).fit(data.X, data.y)
    rows = []
    for feature, threshold in of(model):
        single = np.float64(np.float32(threshold))
        above = np.float64(np.nextafter(np.float32(threshold), np.float32(np.inf)))
        for value in (
            threshold,
            np.nextafter(threshold, np.inf),
            np.nextafter(threshold, -np.inf),
            single,
            above,
            (single + above) / 2,
        ):
            row = np.array(base, dtype=float)
            row[feature] = value
            rows.append(row)
    return model, np.array(rows)


def add_edge(family, name, path, of, data, **parameters):
    try:
        model, rows = edge(path, of, data, **parameters)
    except Exception as error:  # an old version may not know a parameter

        def fail(error=error):
            raise error

        add(family, name, fail, data.rows)
        return
    add(family, name, lambda: model, rows)


add_edge("trees", "DecisionTreeClassifier-edge", T + "DecisionTreeClassifier", thresholds, d.binary, random_state=0)
add_edge("trees", "DecisionTreeRegressor-edge", T + "DecisionTreeRegressor", thresholds, d.diabetes, random_state=0)
add_edge("trees", "ExtraTreeRegressor-edge", T + "ExtraTreeRegressor", thresholds, d.diabetes, random_state=0)
add_edge("forests", "RandomForestClassifier-edge", E + "RandomForestClassifier", thresholds, d.wine, **F)
add_edge("forests", "ExtraTreesRegressor-edge", E + "ExtraTreesRegressor", thresholds, d.diabetes, **F)
add_edge("forests", "IsolationForest-edge", E + "IsolationForest", thresholds, d.iris_X, n_estimators=5, random_state=0)
add_edge(
    "gradient-boosting", "GradientBoostingClassifier-edge", E + "GradientBoostingClassifier", thresholds, d.binary, **B
)
add_edge(
    "gradient-boosting", "GradientBoostingRegressor-edge", E + "GradientBoostingRegressor", thresholds, d.diabetes, **B
)
add_edge(
    "hist-gradient-boosting",
    "HistGradientBoostingClassifier-edge",
    E + "HistGradientBoostingClassifier",
    hist_thresholds,
    d.binary,
    **H,
)
add_edge(
    "hist-gradient-boosting",
    "HistGradientBoostingRegressor-edge",
    E + "HistGradientBoostingRegressor",
    hist_thresholds,
    d.diabetes,
    **H,
)
