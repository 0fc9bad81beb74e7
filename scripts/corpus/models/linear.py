"""Linear models, Gaussian processes, isotonic regression, dummies, discriminant analysis, partial least squares."""

import numpy as np
from corpus import add, each, find, late

import data as d

L = "linear_model."
weights = 0.3 + np.random.RandomState(1).rand(200)

each(
    "linear",
    L + "LogisticRegression",
    d.binary,
    {
        "binary": dict(max_iter=500),
        "bool": dict(data=d.binary_bool, max_iter=300),
        "negative": dict(data=d.binary_negative, max_iter=300),
        "float": dict(data=d.binary_float, max_iter=300),
        "str": dict(data=d.binary_str, max_iter=300),
        "object": dict(data=d.binary_object, max_iter=300),
        "int32": dict(data=d.binary_int32, max_iter=300),
        "float32": dict(data=d.binary_float32, max_iter=300),
        "frame": dict(data=d.binary_frame, max_iter=300),
        "l1-liblinear": dict(penalty="l1", solver="liblinear"),
        "l2-liblinear-scaling": dict(solver="liblinear", intercept_scaling=3.0),
        "no-intercept": dict(fit_intercept=False, max_iter=300),
        "saga-elasticnet": dict(penalty="elasticnet", solver="saga", l1_ratio=0.4, max_iter=200),
        "newton-cholesky": dict(solver="newton-cholesky"),
        "balanced": dict(class_weight="balanced", solver="newton-cg"),
        "dict-weights": dict(class_weight={0: 1.0, 1: 3.5}, max_iter=300),
        "sample-weights": dict(sample_weight=weights[: len(d.binary.y)], max_iter=300),
        "none-word": dict(penalty="none", max_iter=100),
        "none-penalty": dict(penalty=None, max_iter=100, C=1.0),
        "binary-multinomial": dict(multi_class="multinomial", max_iter=300),
        "multi": dict(data=d.iris, max_iter=300),
        "multi-auto": dict(data=d.iris_int, multi_class="auto", max_iter=300),
        "multi-ovr": dict(data=d.iris, multi_class="ovr", max_iter=300),
        "multi-multinomial": dict(data=d.iris_int, multi_class="multinomial", solver="newton-cg"),
        "multi-liblinear-ovr": dict(data=d.iris_int, multi_class="ovr", solver="liblinear"),
        "multi-sag": dict(data=d.wine_scaled, solver="sag", C=0.3, max_iter=200),
        "digits": dict(data=d.digits, max_iter=60),
    },
)
each(
    "linear",
    L + "LogisticRegressionCV",
    d.binary,
    {
        "binary": dict(Cs=3, cv=3, max_iter=200),
        "multi": dict(data=d.iris, Cs=3, cv=3, max_iter=200),
        "ovr": dict(data=d.iris, Cs=2, cv=3, max_iter=200, multi_class="ovr"),
        "elasticnet": dict(
            data=d.wine_scaled, Cs=2, cv=3, penalty="elasticnet", solver="saga", l1_ratios=[0.1, 0.8], max_iter=100
        ),
        "no-refit": dict(Cs=2, cv=3, refit=False, max_iter=200),
    },
)
each(
    "linear",
    L + "RidgeClassifier",
    d.binary,
    {
        "binary": dict(),
        "multi": dict(data=d.iris, alpha=0.3),
        "no-intercept": dict(data=d.wine, fit_intercept=False),
        "balanced": dict(class_weight="balanced", data=d.binary_str),
        "positive": dict(positive=True, solver="lbfgs"),
        "multilabel": dict(data=d.multilabel),
    },
)
each(
    "linear",
    L + "RidgeClassifierCV",
    d.wine,
    {"multi": dict(), "binary": dict(data=d.binary_negative, alphas=[0.1, 1.0])},
)
each(
    "linear",
    L + "Perceptron",
    d.binary,
    {
        "binary": dict(),
        "multi": dict(data=d.wine_scaled),
        "l1": dict(penalty="l1", alpha=0.01, data=d.iris),
        "elasticnet": dict(penalty="elasticnet", early_stopping=True),
    },
)
each(
    "linear",
    L + "PassiveAggressiveClassifier",
    d.binary,
    {
        "binary": dict(),
        "multi": dict(data=d.wine_scaled, loss="squared_hinge", average=True),
    },
)
each(
    "linear",
    L + "SGDClassifier",
    d.wine_scaled,
    {
        **{
            f"{loss}-multi": dict(loss=loss, random_state=0, max_iter=50)
            for loss in (
                "hinge",
                "log_loss",
                "log",
                "modified_huber",
                "squared_hinge",
                "perceptron",
                "squared_error",
                "huber",
                "epsilon_insensitive",
                "squared_epsilon_insensitive",
            )
        },
        **{
            f"{loss}-binary": dict(data=d.binary_str, loss=loss, random_state=0, max_iter=50)
            for loss in ("hinge", "log_loss", "modified_huber", "squared_error")
        },
        "averaged": dict(loss="log_loss", average=True, penalty="elasticnet", random_state=0),
        "no-intercept": dict(loss="log_loss", fit_intercept=False, penalty="l1", learning_rate="constant", eta0=0.01),
        "early": dict(
            loss="modified_huber", early_stopping=True, class_weight="balanced", learning_rate="adaptive", eta0=0.1
        ),
    },
)
each(
    "linear",
    L + "SGDOneClassSVM",
    d.iris_X,
    {"plain": dict(nu=0.2, random_state=0), "average": dict(nu=0.4, average=True, random_state=1)},
)
each(
    "linear",
    L + "LinearRegression",
    d.diabetes,
    {
        "plain": dict(),
        "no-intercept": dict(fit_intercept=False),
        "positive": dict(positive=True),
        "two": dict(data=d.diabetes_two),
        "column": dict(data=d.diabetes_one_column),
        "weights": dict(sample_weight=d.weights),
    },
)
each(
    "linear",
    L + "Ridge",
    d.diabetes,
    {
        "plain": dict(),
        "sag": dict(solver="sag", max_iter=200, random_state=0),
        "two": dict(data=d.diabetes_two, alpha=np.array([0.1, 2.0])),
        "no-intercept": dict(fit_intercept=False, solver="cholesky"),
        "positive": dict(positive=True),
        "column": dict(data=d.diabetes_one_column),
        "weights": dict(sample_weight=d.weights),
    },
)
each(
    "linear",
    L + "RidgeCV",
    d.diabetes,
    {
        "plain": dict(),
        "cv": dict(cv=3, alphas=[0.1, 10.0]),
        "per-target": dict(data=d.diabetes_two, alpha_per_target=True),
    },
)
for name, table in {
    "Lasso": {
        "plain": dict(alpha=0.5),
        "positive": dict(alpha=0.5, positive=True),
        "two": dict(data=d.diabetes_two, alpha=0.2),
        "no-intercept": dict(fit_intercept=False, alpha=0.1),
    },
    "ElasticNet": {
        "plain": dict(alpha=0.2, l1_ratio=0.3),
        "two": dict(data=d.diabetes_two, alpha=0.2),
        "random": dict(selection="random", random_state=0, alpha=0.1),
    },
    "LassoCV": {"plain": dict(cv=3, n_alphas=5)},
    "ElasticNetCV": {"plain": dict(cv=3, n_alphas=4, l1_ratio=[0.2, 0.9])},
    "LassoLars": {"plain": dict(alpha=0.1), "two": dict(data=d.diabetes_two, alpha=0.05)},
    "LassoLarsCV": {"plain": dict(cv=3)},
    "LassoLarsIC": {"aic": dict(criterion="aic"), "bic": dict(criterion="bic")},
    "Lars": {"plain": dict(n_nonzero_coefs=3), "two": dict(data=d.diabetes_two)},
    "LarsCV": {"plain": dict(cv=3)},
    "OrthogonalMatchingPursuit": {"plain": dict(n_nonzero_coefs=2), "two": dict(data=d.diabetes_two)},
    "OrthogonalMatchingPursuitCV": {"plain": dict(cv=3)},
    "MultiTaskLasso": {"two": dict(data=d.diabetes_two, alpha=0.2)},
    "MultiTaskElasticNet": {"two": dict(data=d.diabetes_two, alpha=0.2)},
    "MultiTaskLassoCV": {"two": dict(data=d.diabetes_two, cv=3, n_alphas=4)},
    "MultiTaskElasticNetCV": {"two": dict(data=d.diabetes_two, cv=3, n_alphas=4)},
    "BayesianRidge": {"plain": dict(), "no-intercept": dict(fit_intercept=False, compute_score=True)},
    "ARDRegression": {"plain": dict(), "scaled": dict(data=d.diabetes_small, threshold_lambda=100.0)},
    "HuberRegressor": {"plain": dict(max_iter=500), "epsilon": dict(epsilon=2.0, alpha=0.01, max_iter=500)},
    "QuantileRegressor": {
        "median": dict(alpha=0.01, solver="highs"),
        "upper": dict(quantile=0.9, alpha=0.1, solver="highs"),
    },
    "TheilSenRegressor": {"plain": dict(max_subpopulation=50, max_iter=20, random_state=0)},
    "PoissonRegressor": {
        "plain": dict(data=d.counts_y),
        "no-intercept": dict(data=d.counts_y, fit_intercept=False, alpha=0.1),
    },
    "GammaRegressor": {"plain": dict()},
    "TweedieRegressor": {
        **{f"power-{p}": dict(power=p) for p in (0, 1.5, 3)},
        "log": dict(power=0, link="log"),
        "identity": dict(power=1, link="identity", data=d.counts_y),
        "poisson": dict(power=1, data=d.counts_y, link="auto"),
    },
    "PassiveAggressiveRegressor": {
        "plain": dict(random_state=0),
        "squared": dict(loss="squared_epsilon_insensitive", random_state=0),
    },
    "SGDRegressor": {
        **{
            loss: dict(loss=loss, random_state=0)
            for loss in ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
        },
        "average": dict(average=True, penalty="l1", random_state=0),
    },
    "RANSACRegressor": {
        "plain": dict(random_state=0),
        "tree": dict(
            random_state=0, estimator=late(lambda: find("tree.DecisionTreeRegressor")(max_depth=3)), min_samples=30
        ),
    },
}.items():
    each("linear", L + name, d.diabetes, table)

each(
    "linear",
    "kernel_ridge.KernelRidge",
    d.diabetes,
    {
        **{
            kernel: dict(kernel=kernel, alpha=0.5) for kernel in ("linear", "rbf", "polynomial", "sigmoid", "laplacian")
        },
        "two": dict(data=d.diabetes_two, kernel="rbf", gamma=3.0),
        "poly": dict(kernel="poly", degree=2, coef0=0.5),
        "cosine": dict(kernel="cosine"),
        "chi2": dict(kernel="chi2", data=d.Data(d.positive.X, d.positive.y * 1.0, d.positive.rows)),
    },
)
each(
    "linear",
    "cross_decomposition.PLSRegression",
    d.diabetes,
    {"plain": dict(), "two": dict(data=d.diabetes_two), "unscaled": dict(scale=False, n_components=3)},
)
each("linear", "cross_decomposition.PLSCanonical", d.diabetes_two, {"two": dict(n_components=2)})
each("linear", "cross_decomposition.CCA", d.diabetes_two, {"two": dict(n_components=2)})

_line = d.Data(d.diabetes.X[:, 0], d.diabetes.y, d.diabetes.rows[:, 0])
_column = d.Data(d.diabetes.X[:, :1], d.diabetes.y, d.diabetes.rows[:, :1])
each(
    "linear",
    "isotonic.IsotonicRegression",
    _column,
    {
        "clip": dict(out_of_bounds="clip"),
        "nan": dict(out_of_bounds="nan"),
        "falling": dict(increasing=False, out_of_bounds="clip"),
        "bounded": dict(y_min=60, y_max=200, out_of_bounds="clip", increasing="auto"),
        "line": dict(data=_line, out_of_bounds="clip"),
    },
)
each(
    "linear",
    "dummy.DummyClassifier",
    d.iris,
    {
        **{s: dict(strategy=s) for s in ("prior", "most_frequent")},
        "constant": dict(strategy="constant", constant="virginica"),
        "uniform": dict(strategy="uniform", random_state=0, expect="refuse-or-worker"),
        "stratified": dict(strategy="stratified", random_state=0, expect="refuse-or-worker"),
        "bool": dict(data=d.binary_bool),
        "two": dict(data=d.multi_int),
    },
)
each(
    "linear",
    "dummy.DummyRegressor",
    d.diabetes,
    {
        "mean": dict(),
        "median": dict(strategy="median"),
        "quantile": dict(strategy="quantile", quantile=0.2),
        "constant": dict(strategy="constant", constant=4),
        "two": dict(data=d.diabetes_two),
    },
)
D = "discriminant_analysis."
each(
    "linear",
    D + "LinearDiscriminantAnalysis",
    d.wine,
    {
        "svd": dict(),
        "lsqr": dict(solver="lsqr"),
        "eigen": dict(solver="eigen"),
        "shrinkage": dict(solver="lsqr", shrinkage="auto"),
        "eigen-shrinkage": dict(solver="eigen", shrinkage=0.3),
        "binary": dict(data=d.binary_str),
        "one": dict(n_components=1, data=d.iris),
        "priors": dict(priors=[0.2, 0.5, 0.3]),
        "binary-eigen": dict(data=d.binary, solver="eigen"),
    },
)
each(
    "linear",
    D + "QuadraticDiscriminantAnalysis",
    d.wine,
    {
        "plain": dict(),
        "regular": dict(reg_param=0.2),
        "binary": dict(data=d.binary_str),
        "priors": dict(priors=[0.2, 0.5, 0.3], store_covariance=True),
        "eigen": dict(solver="eigen"),
        "eigen-shrinkage": dict(solver="eigen", shrinkage="auto"),
    },
)


def kernels():
    return (
        find("gaussian_process.kernels.RBF"),
        find("gaussian_process.kernels.WhiteKernel"),
        find("gaussian_process.kernels.Matern"),
    )


G = "gaussian_process."
_small = d.Data(d.diabetes_small.X[:40], d.diabetes_small.y[:40], d.diabetes.rows)
_small_two = d.Data(_small.X, np.column_stack([_small.y, _small.y * 0.5 + _small.X[:, 0]]), _small.rows)
_small_binary = d.Data(d.binary.X[:40] / d.binary.X.std(0), d.binary_str.y[:40], d.binary.rows / d.binary.X.std(0))
_small_iris = d.Data(d.iris.X[::4], d.iris.y[::4], d.iris.rows)
each(
    "gaussian-process",
    G + "GaussianProcessRegressor",
    _small,
    {
        "default": dict(alpha=0.1),
        "rbf-white": dict(kernel=late(lambda: kernels()[0](0.5) + kernels()[1](0.1)), normalize_y=True),
        "constant-rbf": dict(kernel=late(lambda: 2.0 * kernels()[0]([0.3] * 5)), alpha=0.1),
        "matern": dict(kernel=late(lambda: kernels()[2](nu=1.5)), alpha=0.1),
        "matern-half": dict(kernel=late(lambda: kernels()[2](nu=0.5)), alpha=0.1),
        "matern-five": dict(kernel=late(lambda: kernels()[2](nu=2.5)), alpha=0.1),
        "two": dict(data=_small_two, alpha=0.1, normalize_y=True),
        "rational": dict(kernel=late(lambda: find("gaussian_process.kernels.RationalQuadratic")()), alpha=0.1),
        "dot": dict(kernel=late(lambda: find("gaussian_process.kernels.DotProduct")() + kernels()[1]()), alpha=0.1),
        "periodic": dict(
            kernel=late(lambda: find("gaussian_process.kernels.ExpSineSquared")() ** 2), alpha=0.2, optimizer=None
        ),
    },
)
each(
    "gaussian-process",
    G + "GaussianProcessClassifier",
    _small_binary,
    {
        "binary": dict(),
        "multi": dict(data=_small_iris),
        "one-vs-one": dict(data=_small_iris, multi_class="one_vs_one"),
        "rbf": dict(kernel=late(lambda: 1.0 * kernels()[0](2.0)), optimizer=None),
    },
)
