"""XGBoost and LightGBM: their scikit-learn classes, their own pickled boosters and their own files."""

import numpy as np
import pandas as pd
from corpus import add, each, find, late

import data as d
from models.trees import edge

X, L = "xgboost:XGB", "lightgbm:LGBM"
B = dict(n_estimators=8, max_depth=3, random_state=0, n_jobs=1)
weights = 0.3 + np.random.RandomState(2).rand(200)
_multi_two = d.multilabel
_cats = d.fraud_category
_hours = d.Data(
    _cats.X.assign(hour=_cats.X["hour"].astype("category")),
    _cats.y,
    _cats.rows.assign(hour=_cats.rows["hour"].astype(pd.CategoricalDtype(sorted(_cats.X["hour"].unique())))),
)
_frame_numbers = d.Data(
    d.fraud.X[["amount", "account_age", "tries", "foreign"]],
    d.fraud.y,
    d.fraud.rows[["amount", "account_age", "tries", "foreign"]],
)
# LightGBM itself goes by place: requests use the names in its file
_underscored = d.Data(
    d.binary_frame.X, d.binary_frame.y, d.binary_frame.rows.rename(columns=lambda name: name.replace(" ", "_"))
)
_far = d.Data(d.binary.X, d.binary.y, np.where(d.with_holes(d.binary.rows, 12) != d.binary.rows, np.inf, d.binary.rows))
_ints = d.Data(
    d.fraud.X.assign(hour=d.fraud.X["hour"].astype("category"), foreign=d.fraud.X["foreign"].astype("category"))[
        ["hour", "foreign", "amount"]
    ],
    d.fraud.y,
    d.fraud.X.iloc[20:40]
    .reset_index(drop=True)
    .assign(hour=lambda f: f["hour"].astype("category"), foreign=lambda f: f["foreign"].astype("category"))[
        ["hour", "foreign", "amount"]
    ],
)


def own_logistic(labels, scores):
    """An objective of the user's own: what its trees add up to is all that is known of it."""
    share = 1 / (1 + np.exp(-scores))
    return share - labels, share * (1 - share)


_holes_counts = d.Data(d.with_holes(d.counts.X, 9), d.counts.y, d.with_holes(d.counts.rows, 10))

each(
    "xgboost",
    X + "Classifier",
    d.binary,
    {
        "binary": dict(B),
        "multi": dict(B, data=d.iris_int),
        "missing": dict(B, data=d.missing),
        "missing-late": dict(B, data=d.late_missing),
        "hinge": dict(B, objective="binary:hinge"),
        "logitraw": dict(B, objective="binary:logitraw"),
        "softmax": dict(B, data=d.wine, objective="multi:softmax"),
        "base-score": dict(B, base_score=0.3),
        "scale-pos": dict(B, scale_pos_weight=3),
        "dart": dict(B, booster="dart", rate_drop=0.3),
        "dart-multi": dict(B, booster="dart", rate_drop=0.4, data=d.wine),
        "gblinear": dict(n_estimators=8, booster="gblinear", random_state=0),
        "gblinear-multi": dict(n_estimators=8, booster="gblinear", data=d.wine_scaled),
        "hist": dict(B, tree_method="hist", max_bin=16),
        "exact": dict(B, tree_method="exact"),
        "approx": dict(B, tree_method="approx"),
        "lossguide": dict(B, tree_method="hist", grow_policy="lossguide", max_leaves=5),
        "parallel": dict(B, num_parallel_tree=3, subsample=0.6),
        "monotone": dict(B, monotone_constraints=(1, 0, -1, 0, 0, 0)),
        "interaction": dict(B, interaction_constraints="[[0, 1], [2, 3, 4]]"),
        "frame": dict(B, data=d.binary_frame),
        "frame-mixed": dict(B, data=_frame_numbers),
        "marked": dict(
            B,
            data=d.Data(np.nan_to_num(d.missing.X, nan=-999), d.missing.y, np.nan_to_num(d.missing.rows, nan=-999)),
            missing=-999,
        ),
        "multilabel": dict(B, data=d.multilabel),
        "categorical": dict(B, data=_cats, enable_categorical=True, tree_method="hist"),
        "categorical-onehot": dict(B, data=_cats, enable_categorical=True, tree_method="hist", max_cat_to_onehot=10),
        "categorical-hours": dict(B, data=_hours, enable_categorical=True, tree_method="hist", max_cat_to_onehot=1),
        "weights": dict(B, sample_weight=weights[: len(d.binary.y)]),
        "depth-zero": dict(B, gamma=1e6),
        "bool": dict(B, data=d.binary_bool),
        "float32": dict(B, data=d.binary_float32),
        "sparse": dict(B, data=d.counts_sparse),
        "multi-tree": dict(B, data=d.multilabel, multi_strategy="multi_output_tree", tree_method="hist"),
        "multi-tree-classes": dict(B, data=d.wine, multi_strategy="multi_output_tree", tree_method="hist"),
        "dart-forest": dict(B, booster="dart", rate_drop=0.4, normalize_type="forest", sample_type="weighted"),
        "dart-skip": dict(B, booster="dart", rate_drop=0.6, skip_drop=0.4),
        "dart-parallel": dict(B, booster="dart", rate_drop=0.5, num_parallel_tree=2, subsample=0.7),
        "base-scores": dict(B, data=d.wine, base_score=[0.2, 0.3, 0.5]),
        "base-score-multi": dict(B, data=d.wine, base_score=0.3),
        "multilabel-base": dict(B, data=d.multilabel, base_score=0.4),
        "marked-zero": dict(B, data=d.counts, missing=0),
        "approx-onehot": dict(
            B, data=_cats, enable_categorical=True, tree_method="approx", max_cat_to_onehot=3, max_cat_threshold=2
        ),
        "codes": dict(
            B, data=d.codes, enable_categorical=True, tree_method="hist", feature_types=["c", "c", "q", "c"],
            max_cat_to_onehot=2,
        ),
        "codes-onehot": dict(
            B, data=d.codes, enable_categorical=True, tree_method="hist", feature_types=["c", "c", "q", "c"],
            max_cat_to_onehot=9,
        ),
        "own": dict(B, objective=own_logistic),
        "hinge-dart": dict(B, objective="binary:hinge", booster="dart", rate_drop=0.4),
        "softprob-two": dict(B, objective="multi:softprob", num_class=2),
        "softmax-two": dict(B, objective="multi:softmax", num_class=2),
        "softprob-five": dict(B, data=d.wine, objective="multi:softprob", num_class=5),
        "softmax-dart": dict(B, data=d.wine, objective="multi:softmax", booster="dart", rate_drop=0.4),
        "marked-infinite": dict(B, data=d.missing, missing=np.inf),
        "hist-lossguide": dict(B, tree_method="hist", grow_policy="lossguide", max_depth=0, max_leaves=9),
        "deep": dict(B, max_depth=8, n_estimators=15, data=d.digits, learning_rate=0.5),
    },
)
each(
    "xgboost",
    X + "Regressor",
    d.diabetes,
    {
        **{
            o.split(":")[1]: dict(B, objective=o)
            for o in ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:gamma")
        },
        "logistic": dict(B, objective="reg:logistic", data=d.unit_y),
        "squaredlogerror": dict(B, objective="reg:squaredlogerror", data=d.diabetes_small),
        "poisson": dict(B, objective="count:poisson", data=d.counts_y),
        "tweedie": dict(B, objective="reg:tweedie", tweedie_variance_power=1.3),
        "quantile": dict(B, objective="reg:quantileerror", quantile_alpha=0.7),
        "quantiles": dict(B, objective="reg:quantileerror", quantile_alpha=np.array([0.1, 0.5, 0.9])),
        "expectile": dict(B, objective="reg:expectileerror", expectile_alpha=0.8),
        "two": dict(B, data=d.diabetes_two),
        "two-vector": dict(B, data=d.diabetes_two, multi_strategy="multi_output_tree", tree_method="hist"),
        "missing": dict(B, data=d.missing_reg),
        "dart": dict(B, booster="dart", rate_drop=0.5, one_drop=True, normalize_type="forest"),
        "dart-tree": dict(B, booster="dart", rate_drop=0.5, normalize_type="tree"),
        "dart-two": dict(B, booster="dart", rate_drop=0.5, data=d.diabetes_two),
        "vector-missing": dict(
            B, multi_strategy="multi_output_tree", tree_method="hist",
            data=d.Data(d.missing_reg.X, d.diabetes_two.y, d.missing_reg.rows),
        ),
        "vector-parallel": dict(
            B, multi_strategy="multi_output_tree", tree_method="hist", num_parallel_tree=2, subsample=0.7,
            data=d.diabetes_two,
        ),
        "huber-slope": dict(B, objective="reg:pseudohubererror", huber_slope=2.0),
        "tweedie-power": dict(B, objective="reg:tweedie", tweedie_variance_power=1.7),
        "quantile-vector": dict(
            B, objective="reg:quantileerror", quantile_alpha=np.array([0.2, 0.8]), tree_method="hist",
            multi_strategy="multi_output_tree",
        ),
        "quantiles-dart": dict(
            B, objective="reg:quantileerror", quantile_alpha=np.array([0.2, 0.8]), booster="dart", rate_drop=0.4
        ),
        "absolute-two": dict(B, objective="reg:absoluteerror", data=d.diabetes_two),
        "logistic-two": dict(B, objective="reg:logistic", data=d.unit_y.of(np.column_stack([d.unit_y.y, 1 - d.unit_y.y]))),
        "base-scores-two": dict(B, data=d.diabetes_two, base_score=[100.0, 2.0]),
        "poisson-base": dict(B, objective="count:poisson", data=d.counts_y, base_score=2.0),
        "gamma-dart": dict(B, objective="reg:gamma", booster="dart", rate_drop=0.3),
        "cox": dict(B, objective="survival:cox", data=d.diabetes.of(np.where(d.diabetes.y % 2 < 1, d.diabetes.y, -d.diabetes.y))),
        "gblinear": dict(n_estimators=10, booster="gblinear"),
        "gblinear-two": dict(n_estimators=6, booster="gblinear", data=d.diabetes_two),
        "base-score": dict(B, base_score=100),
        "weights": dict(B, sample_weight=d.weights),
        "categorical": dict(
            B,
            data=d.Data(_cats.X.drop(columns="amount"), d.fraud_y, _cats.rows.drop(columns="amount")),
            enable_categorical=True,
            tree_method="hist",
        ),
    },
)
each(
    "xgboost",
    X + "RFClassifier",
    d.binary,
    {
        "binary": dict(n_estimators=6, max_depth=3, random_state=0),
        "multi": dict(n_estimators=4, max_depth=3, random_state=0, data=d.wine),
    },
)
each("xgboost", X + "RFRegressor", d.diabetes, {"plain": dict(n_estimators=6, max_depth=3, random_state=0)})
V = dict(num_leaves=6, n_estimators=8, min_child_samples=4, random_state=0, verbose=-1, n_jobs=1)
each(
    "lightgbm",
    L + "Classifier",
    d.binary,
    {
        "binary": dict(V),
        "str": dict(V, data=d.binary_str),
        "bool": dict(V, data=d.binary_bool),
        "multi": dict(V, data=d.iris),
        "multi-ova": dict(V, data=d.iris, objective="multiclassova"),
        "missing": dict(V, data=d.missing),
        "missing-late": dict(V, data=d.late_missing),
        "dart": dict(V, boosting_type="dart", drop_rate=0.3),
        "rf": dict(V, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6),
        "rf-multi": dict(V, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6, data=d.iris),
        "goss": dict(V, boosting_type="goss"),
        "balanced": dict(V, class_weight="balanced"),
        "unbalance": dict(V, is_unbalance=True),
        "sigmoid": dict(V, sigmoid=2.0),
        "cross-entropy": dict(V, objective="cross_entropy"),
        "no-average": dict(V, boost_from_average=False),
        "zero-missing": dict(V, data=_holes_counts, zero_as_missing=True),
        "no-missing": dict(V, data=d.missing, use_missing=False),
        "counts": dict(V, data=_holes_counts),
        "frame": dict(V, data=_underscored),
        "categorical": dict(V, data=_cats),
        "categorical-hours": dict(V, data=_hours, min_data_per_group=2, cat_smooth=1.0, max_cat_to_onehot=2),
        "categorical-codes": dict(V, data=d.codes, min_data_per_group=2),
        "linear-tree": dict(V, linear_tree=True),
        "linear-multi": dict(V, linear_tree=True, data=d.iris),
        "linear-ova": dict(V, linear_tree=True, data=d.iris, objective="multiclassova"),
        "linear-missing": dict(V, linear_tree=True, data=d.missing),
        "linear-missing-late": dict(V, linear_tree=True, data=d.late_missing),
        "linear-infinite": dict(V, linear_tree=True, data=_far),
        "linear-unmissing": dict(V, linear_tree=True, data=d.missing, use_missing=False),
        "linear-dart": dict(V, linear_tree=True, boosting_type="dart", drop_rate=0.4),
        "linear-goss": dict(V, linear_tree=True, boosting_type="goss"),
        "linear-rf": dict(V, linear_tree=True, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6),
        "linear-categorical": dict(V, linear_tree=True, data=_cats),
        "linear-codes": dict(V, linear_tree=True, data=d.codes, min_data_per_group=2),
        "linear-frame": dict(V, linear_tree=True, data=_frame_numbers),
        "linear-lambda": dict(V, linear_tree=True, linear_lambda=0.5, reg_lambda=0.1),
        "linear-float32": dict(V, linear_tree=True, data=d.binary_float32),
        "linear-stump": dict(V, linear_tree=True, min_child_samples=1000),
        "ova-sigmoid": dict(V, data=d.iris, objective="multiclassova", sigmoid=0.7),
        "multi-dart": dict(V, data=d.iris, boosting_type="dart", drop_rate=0.5),
        "multi-goss": dict(V, data=d.iris, boosting_type="goss"),
        "multi-missing": dict(V, data=d.missing_iris),
        "multi-balanced": dict(V, data=d.iris, class_weight="balanced"),
        "zero-missing-late": dict(V, data=d.counts, zero_as_missing=True, rows_of=_holes_counts.rows),
        "scale-pos": dict(V, scale_pos_weight=3.0),
        "cross-entropy-lambda": dict(V, objective="cross_entropy_lambda"),
        "own": dict(V, objective=own_logistic),
        "categories-ints": dict(V, data=_ints, min_data_per_group=2, cat_smooth=1.0),
        "few-rounds": dict(V, n_estimators=1),
        "monotone-advanced": dict(
            V, monotone_constraints=[1, 0, -1, 0, 0, 0], monotone_constraints_method="advanced"
        ),
        "wide-bins": dict(V, max_bin=7, min_data_in_bin=1),
        "one-class": dict(V, data=d.binary.of(np.ones(len(d.binary.y), int))),
        "monotone": dict(V, monotone_constraints=[1, 0, -1, 0, 0, 0]),
        "extra": dict(V, extra_trees=True),
        "negative": dict(V, data=d.binary_negative),
        "float": dict(V, data=d.binary_float),
        "weights": dict(V, sample_weight=weights[: len(d.binary.y)]),
        "sparse": dict(V, data=d.counts_sparse),
        "stump": dict(V, min_child_samples=1000),
        "float32": dict(V, data=d.binary_float32),
        "frame-mixed": dict(V, data=_frame_numbers),
    },
)
each(
    "lightgbm",
    L + "Regressor",
    d.diabetes,
    {
        **{o: dict(V, objective=o) for o in ("l2", "l1", "huber", "fair", "quantile", "mape", "gamma", "tweedie")},
        "poisson": dict(V, objective="poisson", data=d.counts_y),
        "sqrt": dict(V, reg_sqrt=True),
        "cross-entropy": dict(V, objective="cross_entropy", data=d.unit_y),
        "lambda": dict(V, objective="cross_entropy_lambda", data=d.unit_y),
        "missing": dict(V, data=d.missing_reg),
        "rf": dict(V, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6),
        "dart": dict(V, boosting_type="dart"),
        "dart-uniform": dict(V, boosting_type="dart", uniform_drop=True, xgboost_dart_mode=True, drop_rate=0.6),
        "linear-tree": dict(V, linear_tree=True),
        "linear-huber": dict(V, linear_tree=True, objective="huber"),
        "linear-poisson": dict(V, linear_tree=True, objective="poisson", data=d.counts_y),
        "linear-missing": dict(V, linear_tree=True, data=d.missing_reg),
        "linear-quantile": dict(V, linear_tree=True, objective="quantile", alpha=0.8),
        "quantile-high": dict(V, objective="quantile", alpha=0.9),
        "tweedie-power": dict(V, objective="tweedie", tweedie_variance_power=1.8),
        "goss": dict(V, boosting_type="goss"),
        "rf-l1": dict(V, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6, objective="l1"),
        "rf-poisson": dict(
            V, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6, objective="poisson", data=d.counts_y
        ),
        "sqrt-l1": dict(V, reg_sqrt=True, objective="l1"),
        "max-delta": dict(V, max_delta_step=0.5),
        "weights": dict(V, sample_weight=d.weights),
        "categorical": dict(
            V, data=d.Data(_cats.X.drop(columns="amount"), d.fraud_y, _cats.rows.drop(columns="amount"))
        ),
        "path-smooth": dict(V, path_smooth=1.0, max_bin=16),
    },
)


def xgb_edges(model):
    trees = model.get_booster().trees_to_dataframe()
    splits = trees[trees["Feature"] != "Leaf"].iloc[:14]
    return [
        (int(str(f).removeprefix("f")), np.float64(np.float32(s))) for f, s in zip(splits["Feature"], splits["Split"])
    ]


def lgbm_edges(model):
    trees = model.booster_.trees_to_dataframe()
    splits = trees[trees["threshold"].notna()].iloc[:14]
    return [
        (int(str(f).removeprefix("Column_")), float(t)) for f, t in zip(splits["split_feature"], splits["threshold"])
    ]


def edge_case(family, name, path, of, data, options):
    try:
        model, rows = edge(path, of, data, **options)
    except Exception as error:

        def fail(error=error):
            raise error

        add(family, name, fail, data.rows)
        return
    add(family, name, lambda: model, rows)


edge_case("xgboost", "XGBClassifier-edge", X + "Classifier", xgb_edges, d.binary, B)
edge_case("xgboost", "XGBRegressor-edge", X + "Regressor", xgb_edges, d.diabetes, B)
edge_case("lightgbm", "LGBMClassifier-edge", L + "Classifier", lgbm_edges, d.binary, V)
edge_case("lightgbm", "LGBMRegressor-edge", L + "Regressor", lgbm_edges, d.diabetes, V)


def stopped_xgb():
    model = find(X + "Classifier")(
        **{**B, "n_estimators": 60, "learning_rate": 0.8}, early_stopping_rounds=3, eval_metric="logloss"
    )
    return model.fit(d.binary.X[::2], d.binary.y[::2], eval_set=[(d.binary.X[1::2], d.binary.y[1::2])], verbose=False)


def stopped_xgb_multi():
    model = find(X + "Classifier")(
        **{**B, "n_estimators": 40, "learning_rate": 0.9}, early_stopping_rounds=2, eval_metric="mlogloss"
    )
    return model.fit(d.wine.X[::2], d.wine.y[::2], eval_set=[(d.wine.X[1::2], d.wine.y[1::2])], verbose=False)


def stopped_lgbm(kind="Classifier", data=d.binary, **options):
    import lightgbm

    model = find(L + kind)(**{**V, "n_estimators": 60, "learning_rate": 0.8, **options})
    return model.fit(
        data.X[::2],
        data.y[::2],
        eval_set=[(data.X[1::2], data.y[1::2])],
        callbacks=[lightgbm.early_stopping(3, verbose=False)],
    )


def stopped(kind="Regressor", data=d.diabetes, metric="rmse", **options):
    """XGBoost that stops early."""

    def train():
        made = {**B, "n_estimators": 60, "learning_rate": 0.8, **options}
        model = find(X + kind)(**made, early_stopping_rounds=3, eval_metric=metric)
        return model.fit(data.X[::2], data.y[::2], eval_set=[(data.X[1::2], data.y[1::2])], verbose=False)

    return train


def survival(**options):
    """XGBoost's model of times of which some are only known to be later."""

    def train():
        import xgboost

        matrix = xgboost.DMatrix(d.diabetes.X)
        matrix.set_float_info("label_lower_bound", d.diabetes.y)
        matrix.set_float_info("label_upper_bound", np.where(d.diabetes.y > 200, np.inf, d.diabetes.y))
        parameters = {"objective": "survival:aft", "max_depth": 3, "nthread": 1, "seed": 0, **options}
        return xgboost.train(parameters, matrix, 8)

    return train


def continued_xgb():
    first = find(X + "Classifier")(**B).fit(d.binary.X, d.binary.y)
    return find(X + "Classifier")(**{**B, "random_state": 3}).fit(d.binary.X, 1 - d.binary.y, xgb_model=first)


def continued_lgbm():
    first = find(L + "Classifier")(**V).fit(d.binary.X, d.binary.y)
    return find(L + "Classifier")(**{**V, "random_state": 3}).fit(d.binary.X, 1 - d.binary.y, init_model=first)


def stopped_booster_lgbm():
    import lightgbm

    learn = lightgbm.Dataset(d.binary.X[::2], d.binary.y[::2])
    return lightgbm.train(
        {"objective": "binary", "num_leaves": 6, "min_data_in_leaf": 4, "verbose": -1, "learning_rate": 0.8},
        learn,
        60,
        valid_sets=[lightgbm.Dataset(d.binary.X[1::2], d.binary.y[1::2], reference=learn)],
        callbacks=[lightgbm.early_stopping(3, verbose=False)],
    )


def stopped_booster_xgb():
    import xgboost

    return xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "eta": 0.8},
        xgboost.DMatrix(d.binary.X[::2], d.binary.y[::2]),
        60,
        evals=[(xgboost.DMatrix(d.binary.X[1::2], d.binary.y[1::2]), "v")],
        early_stopping_rounds=3,
        verbose_eval=False,
    )


def ranker(path, options):
    def train():
        y = (d.diabetes.y // 70).astype(int).clip(0, 1 if "map" in options.get("objective", "") else 4)
        return find(path)(**options).fit(d.diabetes.X, y, group=[len(y) // 3, len(y) // 3, len(y) - 2 * (len(y) // 3)])

    return train


add("xgboost", "XGBClassifier-early", stopped_xgb, d.binary.rows)
add("xgboost", "XGBClassifier-early-multi", stopped_xgb_multi, d.wine.rows)
add("lightgbm", "LGBMClassifier-early", stopped_lgbm, d.binary.rows)
add("lightgbm", "LGBMClassifier-early-multi", lambda: stopped_lgbm(data=d.iris), d.iris.rows)
add("lightgbm", "LGBMClassifier-early-linear", lambda: stopped_lgbm(linear_tree=True), d.binary.rows)
add("lightgbm", "LGBMRegressor-early", lambda: stopped_lgbm("Regressor", d.diabetes), d.diabetes.rows)
add(
    "lightgbm",
    "LGBMRegressor-early-rf",
    lambda: stopped_lgbm("Regressor", d.diabetes, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6),
    d.diabetes.rows,
)
add("lightgbm", "LGBMClassifier-continued", continued_lgbm, d.binary.rows)
add("xgboost", "XGBClassifier-continued", continued_xgb, d.binary.rows)
add("xgboost", "XGBRegressor-early", stopped(), d.diabetes.rows)
add("xgboost", "XGBRegressor-early-parallel", stopped(num_parallel_tree=3, subsample=0.6), d.diabetes.rows)
add("xgboost", "XGBRegressor-early-two", stopped(data=d.diabetes_two), d.diabetes.rows)
add(
    "xgboost",
    "XGBRegressor-early-vector",
    stopped(data=d.diabetes_two, multi_strategy="multi_output_tree", tree_method="hist"),
    d.diabetes.rows,
)
add("xgboost", "XGBRegressor-early-gblinear", stopped(booster="gblinear"), d.diabetes.rows)
add("xgboost", "XGBClassifier-early-dart", stopped("Classifier", d.binary, "logloss", booster="dart"), d.binary.rows)
add(
    "xgboost",
    "XGBClassifier-early-softmax",
    stopped("Classifier", d.wine, "merror", objective="multi:softmax"),
    d.wine.rows,
)
add("xgboost", "XGBRanker-ndcg", ranker(X + "Ranker", dict(B, objective="rank:ndcg")), d.diabetes.rows)
add("xgboost", "XGBRanker-pairwise", ranker(X + "Ranker", dict(B, objective="rank:pairwise")), d.diabetes.rows)
add("xgboost", "XGBRanker-map", ranker(X + "Ranker", dict(B, objective="rank:map")), d.diabetes.rows)
add("lightgbm", "LGBMRanker-plain", ranker(L + "Ranker", V), d.diabetes.rows)
add("lightgbm", "LGBMRanker-xendcg", ranker(L + "Ranker", dict(V, objective="rank_xendcg")), d.diabetes.rows)


class BoosterAnswers:
    """What a booster of its own library answers to an array."""

    def __init__(self, predict, classes=None):
        self.predict = predict
        if classes is not None:
            self.classes_ = classes


def xgb_booster(data, parameters, rounds=8):
    def train():
        import xgboost

        return xgboost.train(
            {"max_depth": 3, "nthread": 1, "seed": 0, **parameters}, xgboost.DMatrix(data.X, data.y), rounds
        )

    return train


def ask_xgb(model):
    import xgboost

    return BoosterAnswers(lambda rows: model.predict(xgboost.DMatrix(rows)))


def lgbm_booster(data, parameters, rounds=8):
    def train():
        import lightgbm

        given = dict(parameters)
        group = [len(data.y)] if given.pop("group", False) else None
        return lightgbm.train(
            {"num_leaves": 6, "min_data_in_leaf": 4, "verbose": -1, "num_threads": 1, **given},
            lightgbm.Dataset(data.X, data.y, group=group),
            rounds,
        )

    return train


def own_file(ending):
    def write(model, folder):
        booster = model.booster_ if hasattr(model, "booster_") else model
        booster.save_model(str(folder / f"model.{ending}"))
        return f"model.{ending}", {"native": ending}

    return write


OBJECTIVES = {
    "binary": (d.binary, {"objective": "binary:logistic"}),
    "raw": (d.binary, {"objective": "binary:logitraw"}),
    "squares": (d.diabetes, {"objective": "reg:squarederror"}),
    "soft": (d.wine, {"objective": "multi:softprob", "num_class": 3}),
    "softmax": (d.wine, {"objective": "multi:softmax", "num_class": 3}),
    "poisson": (d.counts_y, {"objective": "count:poisson"}),
    "missing": (d.missing, {"objective": "binary:logistic"}),
    "dart": (d.diabetes, {"booster": "dart", "rate_drop": 0.4}),
    "gblinear": (d.diabetes, {"booster": "gblinear"}),
}
OBJECTIVES |= {
    "cox": (d.diabetes.of(np.where(d.diabetes.y % 2 < 1, d.diabetes.y, -d.diabetes.y)), {"objective": "survival:cox"}),
    "hinge": (d.binary, {"objective": "binary:hinge"}),
    "vectors": (d.diabetes_two, {"multi_strategy": "multi_output_tree", "tree_method": "hist"}),
    "dart-multi": (d.wine, {"booster": "dart", "rate_drop": 0.4, "objective": "multi:softprob", "num_class": 3}),
    "gblinear-multi": (d.wine_scaled, {"booster": "gblinear", "objective": "multi:softprob", "num_class": 3}),
}
for kind, options in {
    "normal": {},
    "logistic": {"aft_loss_distribution": "logistic"},
    "extreme": {"aft_loss_distribution": "extreme", "aft_loss_distribution_scale": 1.2},
}.items():
    add(
        "xgboost",
        f"Booster-xgb-aft-{kind}",
        survival(**options),
        d.diabetes.rows,
        ask=ask_xgb,
        estimator="xgboost.Booster",
    )
add(
    "xgboost", "Booster-xgb-early", stopped_booster_xgb, d.binary.rows, ask=ask_xgb, estimator="xgboost.Booster"
)
add(
    "xgboost",
    "Booster-xgb-early-ubj",
    stopped_booster_xgb,
    d.binary.rows,
    ask=ask_xgb,
    save=own_file("ubj"),
    estimator="xgboost .ubj",
)
add("lightgbm", "Booster-lgbm-early", stopped_booster_lgbm, d.binary.rows, estimator="lightgbm.Booster")
add(
    "lightgbm",
    "Booster-lgbm-early-txt",
    stopped_booster_lgbm,
    d.binary.rows,
    save=own_file("txt"),
    estimator="lightgbm .txt",
)
for name, (data, parameters) in OBJECTIVES.items():
    add(
        "xgboost",
        f"Booster-xgb-{name}-pickle",
        xgb_booster(data, parameters),
        data.rows,
        ask=ask_xgb,
        estimator="xgboost.Booster",
    )
    for ending in ("json", "ubj"):
        add(
            "xgboost",
            f"Booster-xgb-{name}-{ending}",
            xgb_booster(data, parameters),
            data.rows,
            ask=ask_xgb,
            save=own_file(ending),
            estimator=f"xgboost .{ending}",
        )
for name, (data, parameters) in {
    "binary": (d.binary, {"objective": "binary"}),
    "squares": (d.diabetes, {"objective": "regression"}),
    "soft": (d.wine, {"objective": "multiclass", "num_class": 3}),
    "poisson": (d.counts_y, {"objective": "poisson"}),
    "missing": (d.missing, {"objective": "binary"}),
    "xentropy": (d.unit_y, {"objective": "cross_entropy"}),
    "codes": (d.codes, {"objective": "binary", "categorical_feature": [0, 1, 3], "min_data_per_group": 2}),
    "custom": (d.diabetes, {"objective": "huber"}),
    "linear": (d.missing_reg, {"objective": "regression", "linear_tree": True}),
    "linear-soft": (d.wine, {"objective": "multiclass", "num_class": 3, "linear_tree": True}),
    "linear-ova": (d.wine, {"objective": "multiclassova", "num_class": 3, "linear_tree": True, "boosting": "dart"}),
    "rank": (d.diabetes.of((d.diabetes.y // 70).astype(int).clip(0, 4)), {"objective": "lambdarank", "group": True}),
}.items():
    add(
        "lightgbm",
        f"Booster-lgbm-{name}-pickle",
        lgbm_booster(data, parameters),
        data.rows,
        estimator="lightgbm.Booster",
    )
    add(
        "lightgbm",
        f"Booster-lgbm-{name}-txt",
        lgbm_booster(data, parameters),
        data.rows,
        save=own_file("txt"),
        estimator="lightgbm .txt",
    )
for name, data in {"binary": d.binary, "multi": d.iris_int, "regressor": d.diabetes}.items():
    kind = "Regressor" if name == "regressor" else "Classifier"
    for ending in ("json", "ubj"):
        add(
            "xgboost",
            f"XGB{kind}-{name}-{ending}",
            lambda k=kind, of=data: find(X + k)(**B).fit(of.X, of.y),
            data.rows,
            save=own_file(ending),
            estimator=f"xgboost .{ending}",
        )
    add(
        "lightgbm",
        f"LGBM{kind}-{name}-txt",
        lambda k=kind, of=data: find(L + k)(**V).fit(of.X, of.y),
        data.rows,
        ask=lambda model: model.booster_,
        save=own_file("txt"),
        estimator="lightgbm .txt",
    )
for name, path, options in (("xgb", X + "Classifier", B), ("lgbm", L + "Classifier", V)):

    def in_pipeline(path=path, options=options):
        encode = find("compose.make_column_transformer")(
            (find("preprocessing.OneHotEncoder")(handle_unknown="ignore"), ["country", "device"]),
            remainder="passthrough",
        )
        return find("pipeline.make_pipeline")(encode, find(path)(**options)).fit(d.fraud.X, d.fraud.y)

    add("composition", f"Pipeline-fraud-{name}", in_pipeline, d.fraud.rows, estimator="Pipeline")
    add(
        "meta",
        f"CalibratedClassifierCV-{name}",
        lambda p=path, o=options: find("calibration.CalibratedClassifierCV")(find(p)(**o), cv=2).fit(
            d.binary.X, d.binary.y
        ),
        d.binary.rows,
    )
    add(
        "meta",
        f"GridSearchCV-{name}",
        lambda p=path, o=options: find("model_selection.GridSearchCV")(find(p)(**o), {"max_depth": [2, 3]}, cv=2).fit(
            d.binary.X, d.binary.y
        ),
        d.binary.rows,
    )
    add(
        "meta",
        f"VotingClassifier-{name}",
        lambda p=path, o=options: find("ensemble.VotingClassifier")(
            [("b", find(p)(**o)), ("l", find("linear_model.LogisticRegression")(max_iter=200))], voting="soft"
        ).fit(d.binary.X, d.binary.y),
        d.binary.rows,
    )
