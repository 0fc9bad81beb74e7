"""What is rare and must be right all the same: extreme rows, one feature, one class, labels and columns of every type."""

import numpy as np
import pandas as pd
from corpus import add, find
from models.boosters import ask_xgb, own_file

import data as d


def make(path, **parameters):
    return lambda: find(path)(**parameters)


def logreg():
    return find("linear_model.LogisticRegression")(max_iter=300)


TREES = dict(n_estimators=4, max_depth=3, random_state=0)
BOOSTED = dict(n_estimators=6, max_depth=3, random_state=0, n_jobs=1)
LEAVES = dict(num_leaves=6, n_estimators=6, min_child_samples=4, random_state=0, verbose=-1, n_jobs=1)

CLASSIFIERS = {
    "logreg": logreg,
    "tree": make("tree.DecisionTreeClassifier", max_depth=3, random_state=0),
    "forest": make("ensemble.RandomForestClassifier", **TREES),
    "gb": make("ensemble.GradientBoostingClassifier", n_estimators=5, max_depth=2, random_state=0),
    "hgb": make("ensemble.HistGradientBoostingClassifier", max_iter=5, max_leaf_nodes=5, min_samples_leaf=4),
    "svc": make("svm.SVC"),
    "nu-svc": make("svm.NuSVC", nu=0.2),
    "linear-svc": make("svm.LinearSVC"),
    "sgd": make("linear_model.SGDClassifier", loss="log_loss", random_state=0),
    "sgd-huber": make("linear_model.SGDClassifier", loss="modified_huber", random_state=0),
    "ridge": make("linear_model.RidgeClassifier"),
    "knn": make("neighbors.KNeighborsClassifier", n_neighbors=3),
    "nb": make("naive_bayes.GaussianNB"),
    "bernoulli": make("naive_bayes.BernoulliNB"),
    "mlp": make("neural_network.MLPClassifier", hidden_layer_sizes=(5,), max_iter=40, random_state=0),
    "mlp-logistic": make(
        "neural_network.MLPClassifier", hidden_layer_sizes=(5,), max_iter=40, random_state=0, activation="logistic"
    ),
    "lda": make("discriminant_analysis.LinearDiscriminantAnalysis"),
    "qda": make("discriminant_analysis.QuadraticDiscriminantAnalysis", reg_param=0.1),
    "ada": make("ensemble.AdaBoostClassifier", n_estimators=4, random_state=0),
    "bagging": make("ensemble.BaggingClassifier", n_estimators=3, random_state=0),
    "calibrated": lambda: find("calibration.CalibratedClassifierCV")(find("svm.LinearSVC")(), cv=2),
    "xgb": make("xgboost:XGBClassifier", **BOOSTED),
    "lgbm": make("lightgbm:LGBMClassifier", **LEAVES),
}
REGRESSORS = {
    "linear": make("linear_model.LinearRegression"),
    "poisson": make("linear_model.PoissonRegressor"),
    "tree": make("tree.DecisionTreeRegressor", max_depth=3, random_state=0),
    "forest": make("ensemble.RandomForestRegressor", **TREES),
    "gb": make("ensemble.GradientBoostingRegressor", n_estimators=5, max_depth=2, random_state=0),
    "hgb": make("ensemble.HistGradientBoostingRegressor", max_iter=5, max_leaf_nodes=5, min_samples_leaf=4),
    "svr": make("svm.SVR"),
    "knn": make("neighbors.KNeighborsRegressor", n_neighbors=3),
    "mlp": make("neural_network.MLPRegressor", hidden_layer_sizes=(5,), max_iter=40, random_state=0),
    "xgb": make("xgboost:XGBRegressor", **BOOSTED),
    "lgbm": make("lightgbm:LGBMRegressor", **LEAVES),
}
TRANSFORMERS = {
    "standard": make("preprocessing.StandardScaler"),
    "minmax": make("preprocessing.MinMaxScaler"),
    "quantile": make("preprocessing.QuantileTransformer", n_quantiles=10),
    "yeo-johnson": make("preprocessing.PowerTransformer"),
    "kbins": make("preprocessing.KBinsDiscretizer", n_bins=3, encode="ordinal"),
    "spline": make("preprocessing.SplineTransformer", n_knots=3),
    "polynomial": make("preprocessing.PolynomialFeatures"),
    "pca": make("decomposition.PCA", n_components=1),
    "kmeans": make("cluster.KMeans", n_clusters=2, n_init=1, random_state=0),
    "isolation": make("ensemble.IsolationForest", n_estimators=4, random_state=0),
    "one-class": make("svm.OneClassSVM", nu=0.2),
    "mixture": make("mixture.GaussianMixture", n_components=2, random_state=0),
}


def case(group, name, model, data, rows=None, **options):
    def train():
        made = model()
        return made.fit(data.X) if data.y is None else made.fit(data.X, data.y)

    add("edges", f"{group}-{name}", train, data.rows if rows is None else rows, **options)


def extreme(data, sizes):
    base = np.tile(data.X[0], (len(sizes) * 2, 1))
    for i, size in enumerate(sizes):
        base[2 * i] = size
        base[2 * i + 1, i % data.X.shape[1]] = size
    return base


SIZES = (0.0, -0.0, 1e-300, 1e6, -1e6, 1e30, -1e30)
# beyond, distances of the original are noise of its rounding
NEAR = {"knn", "kmeans", "one-class", "mixture", "nu-svc", "svc", "svr", "polynomial", "spline", "poisson", "qda", "nb"}


def sizes(name):
    return SIZES[:-2] if name in NEAR else SIZES


for name, model in CLASSIFIERS.items():
    case("extreme-binary", name, model, d.binary_str if name != "xgb" else d.binary, extreme(d.binary, sizes(name)))
    case("extreme-multi", name, model, d.iris if name != "xgb" else d.iris_int, extreme(d.iris, sizes(name)))
    one = d.Data(d.iris.X[:, 2:3], d.iris_int.y, d.iris.rows[:, 2:3])
    case("one-feature", name, model, one)
    case("one-class", name, model, d.iris.of(np.zeros(len(d.iris.y), int)))
    few = np.r_[0:6, 60:66, 120:126]
    case("few-rows", name, model, d.Data(d.iris.X[few], d.iris_int.y[few], d.iris.rows))
    case(
        "many-rows",
        name,
        model,
        d.wine,
        np.tile(d.wine.rows, (12, 1)) * np.linspace(0.5, 1.5, 12 * len(d.wine.rows))[:, None],
    )
for name, model in REGRESSORS.items():
    case("extreme-regression", name, model, d.diabetes, extreme(d.diabetes, sizes(name)))
    case("one-feature-regression", name, model, d.Data(d.diabetes.X[:, :1], d.diabetes.y, d.diabetes.rows[:, :1]))
    case("constant-regression", name, model, d.diabetes.of(np.full(len(d.diabetes.y), 3.5)))
for name, model in TRANSFORMERS.items():
    case("extreme-transform", name, model, d.iris_X, extreme(d.iris, sizes(name)))
    case("one-feature-transform", name, model, d.Data(d.iris.X[:, 2:3], None, d.iris.rows[:, 2:3]))
infinite = extreme(d.binary, (np.inf, -np.inf, np.nan, 1e308, -1e308))
for name in ("hgb", "lgbm", "xgb"):
    case("infinite", name, CLASSIFIERS[name], d.missing, infinite)

_y = d.iris_int.y
LABELS = {
    "uint8": _y.astype(np.uint8),
    "int8": (_y - 1).astype(np.int8),
    "int16": (_y * 1000).astype(np.int16),
    "big": _y.astype(np.int64) * 2**40 + 2**53 + 1,
    "float": _y.astype(float),
    "float-negative": _y.astype(np.float32) - 1,
    "object-int": _y.astype(object),
    "object-bool": (_y > 0).astype(object),
    "digits": np.array(["10", "9", "1"])[_y],
    "spaces": np.array([" a", "a ", "ä\n"])[_y],
    "empty": np.array(["", "x", "y"])[_y],
    "emoji": np.array(["🎉", "日本", "é"], dtype=object)[_y],
    "list": [["a", "b", "c"][i] for i in _y],
    "series": pd.Series(np.array(["a", "b", "c"])[_y]),
    "category": pd.Series(pd.Categorical.from_codes(_y, ["low", "mid", "high"])),
    "bool-series": pd.Series(_y > 0),
}
for word, labels in LABELS.items():
    for name in ("logreg", "forest", "hgb", "knn", "nb"):
        case("labels", f"{word}-{name}", CLASSIFIERS[name], d.iris.of(labels))


def table(**columns):
    return pd.DataFrame(columns)


_n = 60
_r = np.random.RandomState(3)
_choice = _r.randint(0, 3, _n)
COLUMNS = {
    "numbers-as-text": table(a=np.array(["1", "10", "2"], dtype=object)[_choice]),
    "unicode": table(a=np.array(["é", "日本語", "🎉 x"], dtype=object)[_choice]),
    "bool": table(a=_choice > 0, b=_choice > 1),
    "int": table(a=_choice * 10, b=-_choice),
    "float": table(a=_choice / 4, b=_choice * -1.5),
    "int8": table(a=_choice.astype(np.int8), b=_choice.astype(np.uint16)),
    "float32": table(a=(_choice / 3).astype(np.float32)),
    "category-text": table(a=pd.Categorical(np.array(["x", "y", "z"])[_choice])),
    "category-int": table(a=pd.Categorical(_choice * 5)),
    "category-ordered": table(a=pd.Categorical(np.array(["s", "m", "l"])[_choice], ["s", "m", "l"], ordered=True)),
    "object-numbers": table(a=pd.Series(_choice, dtype=object)),
    "none": table(a=np.array(["x", None, "z"], dtype=object)[_choice]),
    "nan": table(a=np.array(["x", np.nan, "z"], dtype=object)[_choice]),
    "nullable-int": table(a=pd.Series(_choice, dtype="Int64")),
    "string": table(a=pd.Series(np.array(["x", "y", "z"])[_choice], dtype="string")),
    "odd-names": pd.DataFrame({"a b": _choice, "ä": _choice * 2, "": _choice * 3, "x.y/z": _choice}),
    "many": pd.DataFrame({f"c{i}": _r.randint(0, 4, _n) for i in range(25)}),
}
for word, frame in COLUMNS.items():
    data = d.Data(frame, (_choice + _r.randint(0, 2, _n) > 1).astype(int), frame.iloc[:12])
    case("columns", f"{word}-onehot", make("preprocessing.OneHotEncoder"), d.Data(frame, None, frame.iloc[:12]))
    case("columns", f"{word}-ordinal", make("preprocessing.OrdinalEncoder"), d.Data(frame, None, frame.iloc[:12]))
    case("columns", f"{word}-target", make("preprocessing.TargetEncoder"), data)
    encoded = lambda: find("pipeline.make_pipeline")(  # noqa: E731
        find("preprocessing.OneHotEncoder")(handle_unknown="ignore"), logreg()
    )
    case("columns", f"{word}-pipeline", encoded, data)
    case("columns", f"{word}-tree", CLASSIFIERS["tree"], data)


def named(library):
    def train():
        X, y = d.binary_frame.X.rename(columns=lambda name: name.replace(" ", "_")), d.binary_frame.y
        if library == "xgb":
            import xgboost

            return xgboost.train({"max_depth": 3, "objective": "binary:logistic"}, xgboost.DMatrix(X, y), 5)
        import lightgbm

        return lightgbm.train({"num_leaves": 5, "objective": "binary", "verbose": -1}, lightgbm.Dataset(X, y), 5)

    return train


_named = d.binary_frame.rows.rename(columns=lambda name: name.replace(" ", "_"))
add("edges", "named-xgb-pickle", named("xgb"), _named, ask=ask_xgb, estimator="xgboost.Booster")
for ending in ("json", "ubj"):
    add(
        "edges",
        f"named-xgb-{ending}",
        named("xgb"),
        _named,
        ask=ask_xgb,
        save=own_file(ending),
        estimator=f"xgboost .{ending}",
    )
add("edges", "named-lgbm-pickle", named("lgbm"), _named, estimator="lightgbm.Booster")
add("edges", "named-lgbm-txt", named("lgbm"), _named, save=own_file("txt"), estimator="lightgbm .txt")
