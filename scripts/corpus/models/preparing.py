"""Scalers, encoders, imputers and what else prepares features."""

import numpy as np
import pandas as pd
from corpus import add, each, find, late

import data as d

P, I = "preprocessing.", "impute."
_iris, _wine, _missing, _counts = d.iris_X, d.wine.of(None), d.missing_X, d.counts.of(None)
_frame = d.Data(d.binary_frame.X, None, d.binary_frame.rows)
_holes_frame = d.Data(
    pd.DataFrame(d.missing.X, columns=_frame.X.columns), None, pd.DataFrame(d.missing.rows, columns=_frame.X.columns)
)
_positive = d.Data(d.wine.X, None, np.abs(d.wine.rows) + 0.01)
_single = d.Data(d.binary_float32.X, None, d.binary_float32.rows)
_constant = d.Data(
    np.column_stack([d.iris.X, np.full(len(d.iris.X), 2.0)]),
    None,
    np.column_stack([d.iris.rows, np.arange(len(d.iris.rows))]),
)

each(
    "scalers",
    P + "StandardScaler",
    _iris,
    {
        "plain": dict(),
        "no-mean": dict(with_mean=False),
        "no-std": dict(with_std=False),
        "neither": dict(with_std=False, with_mean=False),
        "missing": dict(data=_missing),
        "frame": dict(data=_frame),
        "float32": dict(data=_single),
        "constant": dict(data=_constant),
        "sparse": dict(data=d.counts_sparse.of(None), with_mean=False),
    },
)
each(
    "scalers",
    P + "MinMaxScaler",
    _iris,
    {
        "plain": dict(),
        "range": dict(feature_range=(-2, 5)),
        "clip": dict(clip=True),
        "missing": dict(data=_missing),
        "constant": dict(data=_constant),
        "float32": dict(data=_single),
    },
)
each(
    "scalers",
    P + "MaxAbsScaler",
    _iris,
    {
        "plain": dict(),
        "missing": dict(data=_missing),
        "sparse": dict(data=d.counts_sparse.of(None)),
        "clip": dict(clip=True),
    },
)
each(
    "scalers",
    P + "RobustScaler",
    _iris,
    {
        "plain": dict(),
        "no-centre": dict(with_centering=False),
        "no-scale": dict(with_scaling=False),
        "unit": dict(unit_variance=True, quantile_range=(10, 80)),
        "missing": dict(data=_missing),
    },
)
each(
    "scalers",
    P + "Normalizer",
    _iris,
    {
        **{n: dict(norm=n) for n in ("l1", "l2", "max")},
        "zeros": dict(data=_counts),
        "sparse": dict(data=d.counts_sparse.of(None)),
        "negative": dict(data=d.wine_scaled.of(None), norm="max"),
    },
)
each(
    "scalers",
    P + "Binarizer",
    _iris,
    {"plain": dict(threshold=2.0), "zero": dict(data=d.wine_scaled.of(None)), "frame": dict(data=_frame, threshold=10)},
)
each(
    "scalers",
    P + "PowerTransformer",
    _wine,
    {
        "yeo-johnson": dict(),
        "box-cox": dict(data=_positive, method="box-cox"),
        "plain": dict(standardize=False),
        "box-cox-plain": dict(data=_positive, method="box-cox", standardize=False),
        "negative": dict(data=d.wine_scaled.of(None)),
        "missing": dict(data=_missing),
        "constant": dict(data=_constant),
    },
)
each(
    "scalers",
    P + "QuantileTransformer",
    _wine,
    {
        "uniform": dict(n_quantiles=20),
        "normal": dict(n_quantiles=20, output_distribution="normal"),
        "many": dict(n_quantiles=60),
        "missing": dict(data=_missing, n_quantiles=15),
        "counts": dict(data=_counts, n_quantiles=10),
        "subsample": dict(subsample=30, n_quantiles=10, random_state=0),
        "sparse": dict(data=d.counts_sparse.of(None), n_quantiles=8, ignore_implicit_zeros=True),
    },
)
each("scalers", P + "KernelCenterer", d.Data(d.iris.X @ d.iris.X.T, None, d.iris.rows @ d.iris.X.T), {"plain": dict()})
each(
    "features",
    P + "PolynomialFeatures",
    _iris,
    {
        "plain": dict(),
        "three": dict(degree=3),
        "interaction": dict(degree=3, interaction_only=True),
        "no-bias": dict(include_bias=False),
        "range": dict(degree=(2, 3)),
        "order": dict(order="F"),
        "zero": dict(degree=(0, 1)),
        "frame": dict(data=_frame),
        "missing": dict(data=d.Data(d.iris.X, None, d.iris.rows)),
        "sparse": dict(data=d.counts_sparse.of(None), degree=2),
    },
)
each(
    "features",
    P + "SplineTransformer",
    _iris,
    {
        "plain": dict(n_knots=4),
        "degree": dict(degree=2, n_knots=3),
        "linear": dict(degree=1, n_knots=5),
        **{x: dict(extrapolation=x, n_knots=4) for x in ("constant", "linear", "continue", "periodic")},
        "quantile": dict(knots="quantile", n_knots=5),
        "no-bias": dict(include_bias=False),
        "missing": dict(data=_missing, handle_missing="zeros", n_knots=4),
        "knots": dict(knots=np.linspace(0, 8, 5).reshape(-1, 1).repeat(4, 1)),
        "step": dict(degree=0, n_knots=4),
        "sparse": dict(sparse_output=True, n_knots=4),
    },
)
K = dict(n_bins=4)
each(
    "features",
    P + "KBinsDiscretizer",
    _wine,
    {
        **{
            f"{e}-{s}": dict(K, encode=e, strategy=s, random_state=0)
            for e in ("onehot", "onehot-dense", "ordinal")
            for s in ("uniform", "quantile", "kmeans")
        },
        "bins": dict(n_bins=[2, 3, 4, 5, 2], encode="ordinal"),
        "counts": dict(data=_counts, encode="ordinal", n_bins=3),
        "averaged": dict(encode="ordinal", quantile_method="averaged_inverted_cdf"),
        "float32": dict(data=_single, encode="ordinal", dtype=np.float32),
        "subsample": dict(encode="onehot-dense", subsample=40, random_state=0, strategy="quantile"),
    },
)


def ufunc(name, **options):
    return lambda: find(P + "FunctionTransformer")(getattr(np, name) if isinstance(name, str) else name, **options).fit(
        d.positive.X
    )


for name in (
    "log1p",
    "log",
    "sqrt",
    "square",
    "exp",
    "abs",
    "sin",
    "cos",
    "tanh",
    "log2",
    "log10",
    "expm1",
    "negative",
    "sign",
    "floor",
    "ceil",
    "rint",
    "reciprocal",
    "cbrt",
    "arcsinh",
    "isnan",
    "isfinite",
    "nan_to_num",
    "deg2rad",
):
    add("functions", f"FunctionTransformer-{name}", ufunc(name), d.positive.rows)
add("functions", "FunctionTransformer-identity", lambda: find(P + "FunctionTransformer")().fit(d.iris.X), d.iris.rows)
add(
    "functions",
    "FunctionTransformer-validate",
    ufunc("log1p", validate=True, inverse_func=np.expm1, check_inverse=False),
    d.positive.rows,
)
add(
    "functions",
    "FunctionTransformer-names",
    lambda: find(P + "FunctionTransformer")(np.log1p, feature_names_out="one-to-one").fit(d.binary_frame.X),
    d.binary_frame.X.iloc[:12],
)
add("functions", "FunctionTransformer-clip", ufunc("clip", kw_args={"a_min": 1, "a_max": 3}), d.positive.rows)
add("functions", "FunctionTransformer-round", ufunc("round", kw_args={"decimals": 0}), d.positive.rows)
add("functions", "FunctionTransformer-accept-sparse", ufunc("log1p", accept_sparse=True), d.positive.rows)

_cat = d.Data(d.fraud.X[["country", "device"]], None, d.fraud.rows[["country", "device"]])
_cat_known = d.Data(_cat.X, None, _cat.X.iloc[:16])
_codes = d.codes.of(None)
_words = np.array(
    [["a", "x"], ["b", "y"], ["a", "z"], ["c", "x"], ["a", "x"], ["b", "x"], ["a", "y"], ["d", "x"]] * 6, dtype=object
)
_texts = d.Data(_words, None, np.array([["a", "z"], ["c", "y"], ["d", "x"], ["b", "x"]], dtype=object))
_unicode = d.Data(_words.astype(str), None, _texts.rows.astype(str))
_floats = d.Data(
    np.array([[1.0, 2.5], [3.0, np.nan], [1.0, 2.5], [-4.0, 0.5], [3.0, 2.5], [7.0, np.nan]] * 5),
    None,
    np.array([[3.0, 2.5], [1.0, np.nan], [-4.0, 0.5]]),
)
_mixed = d.Data(d.fraud.X[["country", "hour", "foreign"]], None, d.fraud.X[["country", "hour", "foreign"]].iloc[:16])
_str = d.Data(
    pd.DataFrame({"size": ["s", "m", "l", "m"] * 10, "colour": ["red", "blue", "red", "green"] * 10}),
    None,
    pd.DataFrame({"size": ["l", "s", "m"], "colour": ["green", "red", "blue"]}),
)
_category = d.Data(d.fraud_category.X[["country", "device"]], None, d.fraud_category.rows[["country", "device"]])

each(
    "encoders",
    P + "OneHotEncoder",
    _cat,
    {
        "ignore": dict(handle_unknown="ignore"),
        "dense": dict(handle_unknown="ignore", sparse_output=False),
        "sparse-old": dict(handle_unknown="ignore", sparse=False),
        "error": dict(data=_cat_known),
        "codes": dict(data=_codes),
        "codes-first": dict(data=_codes, drop="first"),
        "if-binary": dict(data=_codes, drop="if_binary"),
        "first": dict(data=_cat_known, drop="first"),
        "first-ignore": dict(drop="first", handle_unknown="ignore"),
        "if-binary-ignore": dict(drop="if_binary", handle_unknown="ignore"),
        "drop-list": dict(data=_str, drop=["m", "red"]),
        "infrequent": dict(min_frequency=20, handle_unknown="infrequent_if_exist"),
        "infrequent-share": dict(min_frequency=0.2, handle_unknown="infrequent_if_exist"),
        "max": dict(max_categories=3, handle_unknown="infrequent_if_exist"),
        "max-ignore": dict(max_categories=3, handle_unknown="ignore"),
        "max-first": dict(max_categories=3, drop="first", handle_unknown="infrequent_if_exist"),
        "infrequent-codes": dict(data=_codes, min_frequency=22, handle_unknown="infrequent_if_exist"),
        "infrequent-error": dict(data=_codes, max_categories=2),
        "min-and-max": dict(min_frequency=10, max_categories=2, handle_unknown="infrequent_if_exist"),
        "categories": dict(data=_str, categories=[["s", "m", "l"], ["green", "blue", "red"]]),
        "categories-ignore": dict(data=_str, categories=[["s", "l"], ["green", "red"]], handle_unknown="ignore"),
        "texts": dict(data=_texts),
        "unicode": dict(data=_unicode, handle_unknown="ignore"),
        "floats": dict(data=_floats),
        "floats-ignore": dict(data=_floats, handle_unknown="ignore"),
        "mixed": dict(data=_mixed),
        "int-dtype": dict(data=_codes, dtype=np.int32),
        "category": dict(data=_category),
        "names": dict(data=_str, feature_name_combiner="concat"),
        "warn": dict(handle_unknown="warn"),
        "infrequent-drop-binary": dict(data=_codes, drop="if_binary", min_frequency=30),
    },
)
each(
    "encoders",
    P + "OrdinalEncoder",
    _cat,
    {
        "unknown": dict(handle_unknown="use_encoded_value", unknown_value=-1),
        "unknown-nan": dict(handle_unknown="use_encoded_value", unknown_value=np.nan),
        "missing": dict(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
        "known": dict(data=_cat_known),
        "known-missing": dict(data=_cat_known, encoded_missing_value=99),
        "codes": dict(data=_codes),
        "floats": dict(data=_floats),
        "floats-missing": dict(data=_floats, encoded_missing_value=-5),
        "categories": dict(data=_str, categories=[["s", "m", "l"], ["green", "blue", "red"]]),
        "infrequent": dict(min_frequency=20, handle_unknown="use_encoded_value", unknown_value=-1),
        "max": dict(max_categories=2, handle_unknown="use_encoded_value", unknown_value=77),
        "texts": dict(data=_texts),
        "unicode": dict(data=_unicode),
        "mixed": dict(data=_mixed),
        "int": dict(data=_codes, dtype=np.int64),
        "category": dict(data=_category),
        "max-codes": dict(data=_codes, max_categories=3),
    },
)
_t = d.Data(d.fraud.X[["country", "device"]], d.fraud.y, d.fraud.rows[["country", "device"]])
each(
    "encoders",
    P + "TargetEncoder",
    _t,
    {
        "binary": dict(),
        "smooth": dict(smooth=5.0),
        "zero": dict(smooth=0.0),
        "continuous": dict(data=_t.of(d.fraud_y)),
        "multi": dict(data=_t.of(d.fraud.X["tries"].clip(upper=2).to_numpy())),
        "names": dict(data=_t.of(d.fraud_names.y)),
        "codes": dict(data=d.codes),
        "type": dict(target_type="continuous"),
        "categories": dict(
            data=d.Data(_str.X, (np.arange(40) % 3 == 0).astype(int), _str.rows),
            categories=[["s", "m", "l"], ["green", "blue", "red"]],
        ),
    },
)
add(
    "encoders",
    "LabelBinarizer-transform",
    lambda: find(P + "LabelBinarizer")(neg_label=-1).fit(d.iris_int.y),
    d.iris_int.y[::10],
    expect="refuse-or-worker",
)
add(
    "encoders",
    "LabelEncoder-transform",
    lambda: find(P + "LabelEncoder")().fit(d.iris_int.y),
    d.iris_int.y[::10],
    expect="refuse-or-worker",
)

_holes = d.Data(d.missing.X, None, d.missing.rows)
_empty = d.Data(
    np.column_stack([d.missing.X, np.full(len(d.missing.X), np.nan)]),
    None,
    np.column_stack([d.missing.rows, np.arange(len(d.missing.rows))]),
)
_marked = d.Data(
    np.where(np.isnan(d.missing.X), -1, d.missing.X), None, np.where(np.isnan(d.missing.rows), -1, d.missing.rows)
)
each(
    "imputers",
    I + "SimpleImputer",
    _holes,
    {
        **{s: dict(strategy=s) for s in ("mean", "median", "most_frequent")},
        "constant": dict(strategy="constant", fill_value=7),
        "constant-default": dict(strategy="constant"),
        "indicator": dict(add_indicator=True),
        "median-indicator": dict(strategy="median", add_indicator=True),
        "empty": dict(data=_empty),
        "empty-keep": dict(data=_empty, keep_empty_features=True),
        "empty-indicator": dict(data=_empty, add_indicator=True),
        "marked": dict(data=_marked, missing_values=-1),
        "marked-indicator": dict(data=_marked, missing_values=-1, add_indicator=True),
        "text-most": dict(data=d.Data(_cat.X, None, _cat.rows), strategy="most_frequent", missing_values=None),
        "text-constant": dict(
            data=d.Data(_cat.X, None, _cat.rows), strategy="constant", fill_value="?", missing_values=None
        ),
        "text-indicator": dict(
            data=d.Data(_cat.X, None, _cat.rows), strategy="most_frequent", missing_values=None, add_indicator=True
        ),
        "frame": dict(data=_holes_frame, strategy="median"),
        "counts-most": dict(
            data=d.Data(d.with_holes(d.counts.X, 2), None, d.with_holes(d.counts.rows, 3)), strategy="most_frequent"
        ),
        "none-missing": dict(data=d.Data(d.binary.X, None, _holes.rows)),
        "none-missing-indicator": dict(data=d.Data(d.binary.X, None, d.binary.rows), add_indicator=True),
        "zero-missing": dict(data=_counts, missing_values=0, strategy="mean"),
        "empty-constant": dict(data=_empty, strategy="constant", fill_value=1),
    },
)
each(
    "imputers",
    I + "MissingIndicator",
    _holes,
    {
        "plain": dict(),
        "all": dict(features="all"),
        "marked": dict(data=_marked, missing_values=-1),
        "loose": dict(error_on_new=False, data=d.Data(d.binary.X, None, _holes.rows), features="all"),
        "sparse": dict(sparse=True, features="all"),
        "frame": dict(data=_holes_frame),
    },
)
each(
    "imputers",
    I + "KNNImputer",
    _holes,
    {
        "plain": dict(),
        "distance": dict(weights="distance", n_neighbors=3),
        "one": dict(n_neighbors=1),
        "indicator": dict(add_indicator=True),
        "empty": dict(data=_empty),
        "empty-keep": dict(data=_empty, keep_empty_features=True),
        "many": dict(n_neighbors=200),
    },
)


def iterative(**options):
    def train():
        import sklearn.experimental.enable_iterative_imputer  # noqa: F401

        made = {key: value() if callable(value) else value for key, value in options.items()}
        return find(I + "IterativeImputer")(random_state=0, max_iter=3, **made).fit(_holes.X)

    return train


for name, options in {
    "plain": {},
    "ridge": dict(estimator=lambda: find("linear_model.Ridge")()),
    "tree": dict(estimator=lambda: find("tree.DecisionTreeRegressor")(max_depth=3, random_state=0)),
    "median": dict(initial_strategy="median"),
    "indicator": dict(add_indicator=True),
    "descending": dict(imputation_order="descending"),
    "nearest": dict(n_nearest_features=2),
    "bounds": dict(min_value=0, max_value=30),
    "knn": dict(estimator=lambda: find("neighbors.KNeighborsRegressor")(3)),
    "constant": dict(initial_strategy="constant", fill_value=1.0),
    "roman": dict(imputation_order="roman"),
    "random": dict(imputation_order="random"),
}.items():
    add("imputers", f"IterativeImputer-{name}", iterative(**options), _holes.rows)
