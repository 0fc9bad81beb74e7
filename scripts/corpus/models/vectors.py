"""Support vectors, neighbours, neural networks."""

import numpy as np
from corpus import each, find, late

import data as d

S, N = "svm.", "neighbors."
each(
    "svm",
    S + "SVC",
    d.wine_scaled,
    {
        **{f"{k}-multi": dict(kernel=k) for k in ("rbf", "linear", "poly", "sigmoid")},
        **{f"{k}-binary": dict(kernel=k, data=d.binary_str) for k in ("rbf", "linear", "poly", "sigmoid")},
        **{f"{k}-proba": dict(kernel=k, probability=True, random_state=0) for k in ("rbf", "linear", "poly")},
        "proba-binary": dict(probability=True, data=d.binary_str, random_state=0),
        "proba-binary-neg": dict(probability=True, data=d.binary_negative, random_state=0, kernel="linear"),
        "proba-digits": dict(probability=True, data=d.digits, random_state=0, C=3),
        "ovo": dict(decision_function_shape="ovo"),
        "ovo-binary": dict(decision_function_shape="ovo", data=d.binary),
        "break-ties": dict(break_ties=True, C=0.05),
        "str": dict(data=d.iris, gamma="auto"),
        "gamma": dict(gamma=0.3, C=5),
        "poly-coef": dict(kernel="poly", degree=2, coef0=1.5),
        "sigmoid-coef": dict(kernel="sigmoid", coef0=-0.5, gamma=0.02),
        "balanced": dict(class_weight="balanced", data=d.iris),
        "bool": dict(data=d.binary_bool),
        "digits": dict(data=d.digits),
        "sparse": dict(data=d.counts_sparse),
        "sparse-proba": dict(data=d.counts_sparse, probability=True, random_state=0),
        "frame": dict(data=d.binary_frame),
        "precomputed": dict(
            data=d.Data(d.wine_scaled.X @ d.wine_scaled.X.T, d.wine_scaled.y, d.wine_scaled.rows @ d.wine_scaled.X.T),
            kernel="precomputed",
        ),
        "large-c": dict(kernel="rbf", C=100, data=d.iris_int),
    },
)
each(
    "svm",
    S + "NuSVC",
    d.wine_scaled,
    {
        "multi": dict(nu=0.2),
        "binary": dict(nu=0.3, data=d.binary_str, kernel="poly"),
        "proba": dict(nu=0.2, probability=True, random_state=0),
        "ovo": dict(nu=0.2, decision_function_shape="ovo", kernel="linear"),
        "sigmoid": dict(nu=0.1, kernel="sigmoid"),
    },
)
each(
    "svm",
    S + "SVR",
    d.diabetes_small,
    {
        **{k: dict(kernel=k) for k in ("rbf", "linear", "poly", "sigmoid")},
        "epsilon": dict(epsilon=0.5, C=10, gamma="auto"),
        "raw": dict(data=d.diabetes, C=50),
    },
)
each(
    "svm",
    S + "NuSVR",
    d.diabetes_small,
    {"rbf": dict(nu=0.4), "linear": dict(kernel="linear", nu=0.7), "poly": dict(kernel="poly", degree=2, coef0=1)},
)
each(
    "svm",
    S + "OneClassSVM",
    d.iris_X,
    {**{k: dict(kernel=k, nu=0.2) for k in ("rbf", "linear", "poly", "sigmoid")}, "gamma": dict(gamma=0.7, nu=0.1)},
)
each(
    "svm",
    S + "LinearSVC",
    d.wine_scaled,
    {
        "multi": dict(),
        "binary": dict(data=d.binary_str, max_iter=5000),
        "l1": dict(penalty="l1", dual=False),
        "crammer": dict(multi_class="crammer_singer"),
        "no-intercept": dict(fit_intercept=False),
        "scaling": dict(intercept_scaling=5.0, loss="hinge", max_iter=3000),
        "balanced": dict(class_weight="balanced", data=d.iris),
        "bool": dict(data=d.binary_bool),
        "crammer-binary": dict(multi_class="crammer_singer", data=d.binary_negative),
    },
)
each(
    "svm",
    S + "LinearSVR",
    d.diabetes_small,
    {
        "plain": dict(random_state=0),
        "squared": dict(loss="squared_epsilon_insensitive", epsilon=0.1, dual=True),
        "no-intercept": dict(fit_intercept=False, random_state=0),
    },
)

METRICS = (
    "euclidean",
    "manhattan",
    "chebyshev",
    "cosine",
    "canberra",
    "braycurtis",
    "sqeuclidean",
    "correlation",
    "cityblock",
    "l1",
    "l2",
)
each(
    "neighbors",
    N + "KNeighborsClassifier",
    d.iris,
    {
        "uniform": dict(),
        "distance": dict(weights="distance"),
        **{m: dict(metric=m, n_neighbors=4, data=d.wine) for m in METRICS},
        **{f"minkowski-{p}": dict(p=p, n_neighbors=3, data=d.wine) for p in (1, 3, 1.5)},
        **{a: dict(algorithm=a, n_neighbors=6) for a in ("brute", "kd_tree", "ball_tree")},
        "cosine-distance": dict(metric="cosine", weights="distance", data=d.wine),
        "one": dict(n_neighbors=1, data=d.digits),
        "even": dict(n_neighbors=2, data=d.binary_str),
        "bool": dict(data=d.binary_bool),
        "multi-int": dict(data=d.multi_int),
        "multi-str": dict(data=d.multi_str, weights="distance"),
        "multilabel": dict(data=d.multilabel),
        "seuclidean": dict(metric="seuclidean", metric_params={"V": d.wine.X.var(0)}, data=d.wine),
        "mahalanobis": dict(
            metric="mahalanobis",
            metric_params={"VI": np.linalg.inv(np.cov(d.wine.X.T))},
            algorithm="brute",
            data=d.wine,
        ),
        "weighted-minkowski": dict(
            metric="minkowski", metric_params={"w": np.array([1.0, 0.5, 2.0, 0.1, 3.0])}, p=2, data=d.wine
        ),
        "hamming": dict(metric="hamming", data=d.codes),
        "haversine": dict(metric="haversine", data=d.Data(d.iris.X[:, :2] / 5, d.iris.y, d.iris.rows[:, :2] / 5)),
        "sparse": dict(data=d.counts_sparse),
        "frame": dict(data=d.binary_frame),
        "float32": dict(data=d.binary_float32),
        "int": dict(data=d.codes, n_neighbors=3),
        "large": dict(data=d.digits, n_neighbors=20, weights="distance"),
    },
)
each(
    "neighbors",
    N + "KNeighborsRegressor",
    d.diabetes,
    {
        "uniform": dict(),
        "distance": dict(weights="distance"),
        "two": dict(data=d.diabetes_two, n_neighbors=3),
        "manhattan": dict(metric="manhattan", weights="distance"),
        "cosine": dict(metric="cosine"),
        "column": dict(data=d.diabetes_one_column),
        "p3": dict(p=3, algorithm="ball_tree"),
    },
)
each(
    "neighbors",
    N + "RadiusNeighborsClassifier",
    d.iris,
    {
        "plain": dict(radius=6.0),
        "distance": dict(radius=8.0, weights="distance"),
        "outlier": dict(radius=0.6, outlier_label="virginica"),
        "most": dict(radius=0.6, outlier_label="most_frequent"),
        "manhattan": dict(radius=9.0, metric="manhattan"),
    },
)
each(
    "neighbors",
    N + "RadiusNeighborsRegressor",
    d.diabetes,
    {"plain": dict(radius=0.5), "distance": dict(radius=0.4, weights="distance")},
)
each(
    "neighbors",
    N + "NearestNeighbors",
    d.iris_X,
    {
        "plain": dict(n_neighbors=3),
        "cosine": dict(metric="cosine", n_neighbors=4),
        "ball": dict(algorithm="ball_tree", n_neighbors=2, p=1),
    },
)
each(
    "neighbors",
    N + "NearestCentroid",
    d.wine,
    {
        "plain": dict(),
        "manhattan": dict(metric="manhattan"),
        "shrink": dict(shrink_threshold=0.3),
        "binary": dict(data=d.binary_str),
        "priors": dict(priors=[0.2, 0.5, 0.3]),
    },
)
each(
    "neighbors",
    N + "LocalOutlierFactor",
    d.iris_X,
    {
        "novelty": dict(novelty=True, n_neighbors=8),
        "contamination": dict(novelty=True, n_neighbors=5, contamination=0.1),
        "manhattan": dict(novelty=True, metric="manhattan"),
        "cosine": dict(novelty=True, metric="cosine"),
    },
)
each(
    "neighbors",
    N + "KernelDensity",
    d.iris_X,
    {
        **{
            k: dict(kernel=k, bandwidth=0.6)
            for k in ("gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine")
        },
        "scott": dict(bandwidth="scott"),
    },
)
each(
    "neighbors",
    N + "KNeighborsTransformer",
    d.iris_X,
    {"distance": dict(n_neighbors=3), "connectivity": dict(n_neighbors=3, mode="connectivity")},
)
each(
    "neighbors",
    N + "NeighborhoodComponentsAnalysis",
    d.iris,
    {"plain": dict(n_components=2, random_state=0, max_iter=10)},
)

M = dict(hidden_layer_sizes=(6,), max_iter=60, random_state=0)
each(
    "neural",
    "neural_network.MLPClassifier",
    d.iris,
    {
        **{a: dict(M, activation=a) for a in ("relu", "tanh", "logistic", "identity")},
        "binary": dict(M, data=d.binary_str),
        "bool": dict(M, data=d.binary_bool),
        "multilabel": dict(M, data=d.multilabel),
        "deep": dict(M, hidden_layer_sizes=(5, 4, 3)),
        "lbfgs": dict(M, solver="lbfgs"),
        "sgd": dict(M, solver="sgd", learning_rate="adaptive"),
        "early": dict(M, early_stopping=True),
        "none": dict(M, hidden_layer_sizes=()),
        "float32": dict(M, data=d.binary_float32),
    },
)
each(
    "neural",
    "neural_network.MLPRegressor",
    d.diabetes_small,
    {
        **{a: dict(M, activation=a) for a in ("relu", "tanh", "logistic", "identity")},
        "two": dict(M, data=d.diabetes_two),
        "lbfgs": dict(M, solver="lbfgs"),
        "poisson": dict(M, loss="poisson", data=d.counts_y),
    },
)
each(
    "neural",
    "neural_network.BernoulliRBM",
    d.Data(d.unit_y.X > 0, None, (d.unit_y.rows > 0).astype(float)),
    {"plain": dict(n_components=3, n_iter=3, random_state=0)},
)
