"""Estimators that hold estimators."""

import numpy as np
from corpus import add, find

import data as d


def logreg(**options):
    return find("linear_model.LogisticRegression")(max_iter=300, **options)


def tree(**options):
    return find("tree.DecisionTreeClassifier")(**{"max_depth": 3, "random_state": 0, **options})


def forest(**options):
    return find("ensemble.RandomForestClassifier")(**{"n_estimators": 4, "max_depth": 3, "random_state": 0, **options})


def nb():
    return find("naive_bayes.GaussianNB")()


def svc(**options):
    return find("svm.SVC")(**options)


def linear_svc():
    return find("svm.LinearSVC")()


def ridge(**options):
    return find("linear_model.Ridge")(**options)


def tree_reg(**options):
    return find("tree.DecisionTreeRegressor")(**{"max_depth": 3, "random_state": 0, **options})


def scaled(model):
    return find("pipeline.make_pipeline")(find("preprocessing.StandardScaler")(), model)


def case(path, variant, make, data, **options):
    name = path.rsplit(".", 1)[-1]

    def train():
        model = make(find(path))
        return model if options.get("is_fitted") else model.fit(data.X, data.y)

    extra = {key: value for key, value in options.items() if key != "is_fitted"}
    add("meta", f"{name}-{variant}", train, data.rows, **{"estimator": name, **extra})


V = "ensemble.VotingClassifier"
trio = lambda: [("l", logreg()), ("t", tree()), ("n", nb())]  # noqa: E731
case(V, "soft", lambda C: C(trio(), voting="soft"), d.iris)
case(V, "hard", lambda C: C(trio()), d.iris)
case(V, "hard-weights", lambda C: C(trio(), weights=[1, 2, 1.5]), d.wine)
case(V, "soft-weights", lambda C: C(trio(), voting="soft", weights=[3, 1, 1], flatten_transform=False), d.iris)
case(V, "drop", lambda C: C([("l", logreg()), ("x", "drop"), ("n", nb())], voting="soft"), d.binary_str)
case(V, "hard-tie", lambda C: C([("l", logreg()), ("n", nb())]), d.binary_bool)
case(
    V,
    "hard-svc",
    lambda C: C([("l", linear_svc()), ("s", svc()), ("k", find("neighbors.KNeighborsClassifier")())]),
    d.wine_scaled,
)
case(V, "pipelines", lambda C: C([("a", scaled(logreg())), ("b", forest())], voting="soft"), d.binary_frame)
case("ensemble.VotingRegressor", "plain", lambda C: C([("r", ridge()), ("t", tree_reg())]), d.diabetes)
case(
    "ensemble.VotingRegressor",
    "weights",
    lambda C: C([("r", ridge()), ("t", tree_reg()), ("d", "drop")], weights=[1, 3, 2]),
    d.diabetes,
)
S = "ensemble.StackingClassifier"
case(S, "plain", lambda C: C([("t", tree()), ("n", nb())], cv=2), d.iris)
case(S, "binary", lambda C: C([("t", tree()), ("n", nb())], cv=2), d.binary_str)
case(
    S,
    "pass",
    lambda C: C([("t", tree()), ("s", svc())], passthrough=True, cv=2, final_estimator=forest()),
    d.wine_scaled,
)
case(S, "predict", lambda C: C([("t", tree()), ("n", nb())], stack_method="predict", cv=2), d.iris_int)
case(S, "decision", lambda C: C([("l", logreg()), ("s", svc())], stack_method="decision_function", cv=2), d.wine_scaled)
case(
    S,
    "decision-binary",
    lambda C: C([("l", logreg()), ("s", linear_svc())], stack_method="decision_function", cv=2),
    d.binary,
)
case(
    S,
    "auto-mixed",
    lambda C: C([("l", linear_svc()), ("r", find("linear_model.RidgeClassifier")()), ("n", nb()), ("x", "drop")], cv=2),
    d.wine_scaled,
)
case(
    S,
    "prefit",
    lambda C: C([("t", tree().fit(d.iris.X, d.iris.y)), ("n", nb().fit(d.iris.X, d.iris.y))], cv="prefit"),
    d.iris,
)
case(
    S,
    "final-gb",
    lambda C: C(
        [("t", tree())],
        cv=2,
        final_estimator=find("ensemble.GradientBoostingClassifier")(n_estimators=3),
        passthrough=True,
    ),
    d.binary_frame,
)
case(
    S,
    "multilabel",
    lambda C: C([("t", tree()), ("k", find("neighbors.KNeighborsClassifier")())], final_estimator=forest(), cv=2),
    d.multilabel,
)
R = "ensemble.StackingRegressor"
case(R, "plain", lambda C: C([("r", ridge()), ("t", tree_reg())], cv=2), d.diabetes)
case(
    R,
    "pass",
    lambda C: C([("r", ridge()), ("t", tree_reg())], cv=2, passthrough=True, final_estimator=tree_reg(max_depth=4)),
    d.diabetes,
)
case(
    R,
    "prefit",
    lambda C: C([("r", ridge().fit(d.diabetes.X, d.diabetes.y))], cv="prefit", final_estimator=ridge()),
    d.diabetes,
)

K = "calibration.CalibratedClassifierCV"
for method in ("sigmoid", "isotonic", "temperature"):
    for ensemble in (True, False):
        word = "each" if ensemble else "one"
        case(
            K,
            f"{method}-{word}-binary",
            lambda C, m=method, e=ensemble: C(linear_svc(), method=m, ensemble=e, cv=3),
            d.binary_str,
        )
        case(K, f"{method}-{word}-multi", lambda C, m=method, e=ensemble: C(nb(), method=m, ensemble=e, cv=3), d.iris)
case(K, "prefit", lambda C: C(forest().fit(d.iris.X, d.iris.y), cv="prefit"), d.iris)
case(K, "prefit-isotonic", lambda C: C(svc().fit(d.binary.X, d.binary.y), cv="prefit", method="isotonic"), d.binary)
case(K, "svc-multi", lambda C: C(svc(), cv=2), d.wine_scaled)
case(K, "forest-isotonic", lambda C: C(forest(), cv=2, method="isotonic"), d.wine)
case(K, "ridge", lambda C: C(find("linear_model.RidgeClassifier")(), cv=3), d.iris)
case(
    K, "frozen", lambda C: C(find("frozen.FrozenEstimator")(forest().fit(d.wine.X, d.wine.y)), method="sigmoid"), d.wine
)
case(K, "pipeline", lambda C: C(scaled(linear_svc()), cv=2), d.wine)
case("frozen.FrozenEstimator", "plain", lambda C: C(logreg().fit(d.iris.X, d.iris.y)), d.iris)

O = "multiclass."
case(O + "OneVsRestClassifier", "logreg", lambda C: C(logreg()), d.iris)
case(O + "OneVsRestClassifier", "svc", lambda C: C(svc()), d.wine_scaled)
case(O + "OneVsRestClassifier", "linear-svc", lambda C: C(linear_svc()), d.wine_scaled)
case(O + "OneVsRestClassifier", "tree", lambda C: C(tree()), d.wine)
case(O + "OneVsRestClassifier", "binary", lambda C: C(logreg()), d.binary_str)
case(O + "OneVsRestClassifier", "multilabel", lambda C: C(logreg()), d.multilabel)
case(O + "OneVsRestClassifier", "multilabel-svc", lambda C: C(svc()), d.multilabel)
case(
    O + "OneVsRestClassifier",
    "constant",
    lambda C: C(logreg()),
    d.iris.of(np.column_stack([d.multilabel.y, np.ones(len(d.iris.y), int), np.zeros(len(d.iris.y), int)])),
)
case(O + "OneVsOneClassifier", "logreg", lambda C: C(logreg()), d.iris)
case(O + "OneVsOneClassifier", "svc", lambda C: C(svc()), d.digits)
case(O + "OneVsOneClassifier", "tree", lambda C: C(tree()), d.wine)
case(O + "OneVsOneClassifier", "binary", lambda C: C(logreg()), d.binary_str)
case(O + "OneVsOneClassifier", "nb", lambda C: C(nb()), d.iris)
case(O + "OutputCodeClassifier", "logreg", lambda C: C(logreg(), code_size=3, random_state=0), d.iris)
case(O + "OutputCodeClassifier", "svc", lambda C: C(svc(), code_size=2, random_state=0), d.wine_scaled)
M = "multioutput."
case(M + "MultiOutputClassifier", "logreg", lambda C: C(logreg()), d.multi_int)
case(M + "MultiOutputClassifier", "strings", lambda C: C(tree()), d.multi_str)
case(M + "MultiOutputClassifier", "multilabel", lambda C: C(nb()), d.multilabel)
case(M + "MultiOutputClassifier", "svc", lambda C: C(svc()), d.multi_int)
case(M + "MultiOutputRegressor", "ridge", lambda C: C(ridge()), d.diabetes_two)
case(
    M + "MultiOutputRegressor",
    "gb",
    lambda C: C(find("ensemble.GradientBoostingRegressor")(n_estimators=4, max_depth=2)),
    d.diabetes_two,
)
case(M + "MultiOutputRegressor", "svr", lambda C: C(find("svm.SVR")()), d.diabetes_two)
case(M + "ClassifierChain", "logreg", lambda C: C(logreg()), d.multilabel)
case(M + "ClassifierChain", "order", lambda C: C(logreg(), order=[2, 0, 1]), d.multilabel)
case(M + "ClassifierChain", "random-cv", lambda C: C(tree(), order="random", random_state=3, cv=2), d.multilabel)
case(M + "ClassifierChain", "proba", lambda C: C(logreg(), chain_method="predict_proba"), d.multilabel)
case(M + "ClassifierChain", "decision", lambda C: C(logreg(), chain_method="decision_function"), d.multilabel)
case(M + "ClassifierChain", "list", lambda C: C(logreg(), chain_method=["predict_proba", "predict"]), d.multilabel)
case(M + "RegressorChain", "ridge", lambda C: C(ridge()), d.diabetes_two)
case(M + "RegressorChain", "order-cv", lambda C: C(tree_reg(), order=[1, 0], cv=2), d.diabetes_two)
X = "compose.TransformedTargetRegressor"
case(X, "log", lambda C: C(ridge(), func=np.log1p, inverse_func=np.expm1), d.diabetes)
case(X, "log-exp", lambda C: C(ridge(), func=np.log, inverse_func=np.exp), d.diabetes)
case(X, "sqrt", lambda C: C(ridge(), func=np.sqrt, inverse_func=np.square), d.diabetes)
case(X, "scaler", lambda C: C(ridge(), transformer=find("preprocessing.StandardScaler")()), d.diabetes)
case(X, "minmax-two", lambda C: C(ridge(), transformer=find("preprocessing.MinMaxScaler")()), d.diabetes_two)
case(X, "power", lambda C: C(tree_reg(), transformer=find("preprocessing.PowerTransformer")()), d.diabetes)
case(X, "box-cox", lambda C: C(ridge(), transformer=find("preprocessing.PowerTransformer")("box-cox")), d.diabetes)
case(
    X,
    "quantile",
    lambda C: C(ridge(), transformer=find("preprocessing.QuantileTransformer")(n_quantiles=20)),
    d.diabetes,
)
case(
    X,
    "quantile-normal",
    lambda C: C(
        ridge(), transformer=find("preprocessing.QuantileTransformer")(n_quantiles=20, output_distribution="normal")
    ),
    d.diabetes,
)
case(X, "default", lambda C: C(), d.diabetes)
case(
    X,
    "function",
    lambda C: C(ridge(), transformer=find("preprocessing.FunctionTransformer")(np.log1p, inverse_func=np.expm1)),
    d.diabetes,
)
case(
    X, "pipeline", lambda C: C(scaled(find("svm.SVR")()), transformer=find("preprocessing.RobustScaler")()), d.diabetes
)
Q = "model_selection."
case(Q + "GridSearchCV", "logreg", lambda C: C(logreg(), {"C": [0.1, 1]}, cv=2), d.iris)
case(
    Q + "GridSearchCV",
    "pipeline",
    lambda C: C(scaled(svc()), {"svc__C": [1, 3], "svc__kernel": ["rbf", "linear"]}, cv=2),
    d.binary_str,
)
case(
    Q + "GridSearchCV",
    "forest-frame",
    lambda C: C(forest(), {"max_depth": [2, 3]}, cv=2, scoring=["accuracy", "f1"], refit="f1"),
    d.binary_frame,
)
case(
    Q + "GridSearchCV",
    "kmeans",
    lambda C: C(find("cluster.KMeans")(n_init=1, random_state=0), {"n_clusters": [2, 3]}, cv=2),
    d.iris_X,
)
case(
    Q + "GridSearchCV",
    "regressor",
    lambda C: C(ridge(), {"alpha": [0.1, 1]}, cv=2, return_train_score=True),
    d.diabetes,
)
case(
    Q + "GridSearchCV",
    "transformer",
    lambda C: C(find("decomposition.PCA")(), {"n_components": [1, 2]}, cv=2),
    d.iris_X,
)
case(
    Q + "RandomizedSearchCV",
    "tree",
    lambda C: C(tree(), {"max_depth": [2, 3, 4], "min_samples_leaf": [1, 3]}, n_iter=3, cv=2, random_state=0),
    d.wine,
)


def halving():
    import sklearn.experimental.enable_halving_search_cv  # noqa: F401

    return find(Q + "HalvingGridSearchCV")(tree(), {"max_depth": [2, 3]}, cv=2, random_state=0).fit(d.wine.X, d.wine.y)


add("meta", "HalvingGridSearchCV-tree", halving, d.wine.rows, estimator="HalvingGridSearchCV")
T = Q + "TunedThresholdClassifierCV"
case(T, "plain", lambda C: C(logreg(), cv=2), d.binary)
case(T, "str", lambda C: C(logreg(), cv=2, scoring="balanced_accuracy"), d.binary_str)
case(T, "svc-decision", lambda C: C(svc(), cv=2, response_method="decision_function"), d.binary)
case(T, "forest-no-refit", lambda C: C(forest(), cv=0.3, refit=False, random_state=0), d.binary_bool)
Z = Q + "FixedThresholdClassifier"
case(Z, "auto", lambda C: C(logreg()), d.binary)
case(Z, "low", lambda C: C(logreg(), threshold=0.2), d.binary_str)
case(Z, "decision", lambda C: C(logreg(), threshold=0.7, response_method="decision_function"), d.binary_str)
case(Z, "pos-label", lambda C: C(logreg(), threshold=0.3, pos_label="bad"), d.binary_str)
case(Z, "proba", lambda C: C(forest(), threshold=0.6, response_method="predict_proba"), d.binary_bool)
_half = d.binary.of(np.where(np.arange(len(d.binary.y)) % 3 == 0, -1, d.binary.y))
case("semi_supervised.SelfTrainingClassifier", "logreg", lambda C: C(logreg()), _half)
case("semi_supervised.SelfTrainingClassifier", "forest", lambda C: C(forest(), criterion="k_best"), _half)
case(
    "semi_supervised.LabelSpreading",
    "rbf",
    lambda C: C(gamma=0.5),
    d.iris_int.of(np.where(np.arange(len(d.iris_int.y)) % 2 == 0, -1, d.iris_int.y)),
)
case(
    "semi_supervised.LabelPropagation",
    "knn",
    lambda C: C(kernel="knn", n_neighbors=5),
    d.iris_int.of(np.where(np.arange(len(d.iris_int.y)) % 2 == 0, -1, d.iris_int.y)),
)
case("ensemble.BaggingClassifier", "pipeline", lambda C: C(scaled(logreg()), n_estimators=3, random_state=0), d.wine)
case("ensemble.AdaBoostClassifier", "forest", lambda C: C(forest(), n_estimators=3, random_state=0), d.wine)
