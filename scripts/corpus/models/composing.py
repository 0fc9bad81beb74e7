"""Pipelines, column transformers and unions."""

import numpy as np
import pandas as pd
from corpus import add, find

import data as d


def P(name, *args, **options):
    return find("preprocessing." + name)(*args, **options)


def logreg(**options):
    return find("linear_model.LogisticRegression")(max_iter=300, **options)


def pipe(*steps):
    return find("pipeline.make_pipeline")(*steps)


def columns(transformers, **options):
    return find("compose.ColumnTransformer")(transformers, **options)


def impute(strategy="median", **options):
    return find("impute.SimpleImputer")(strategy=strategy, **options)


def onehot(**options):
    return P("OneHotEncoder", handle_unknown="ignore", **options)


def words():
    return pipe(impute("constant", fill_value="?", missing_values=None), onehot())


NUMBERS, WORDS = ["amount", "account_age", "hour", "tries"], ["country", "device"]


def case(name, make, data=d.fraud, estimator="ColumnTransformer", **options):
    def train():
        model = make()
        return model.fit(data.X) if data.y is None else model.fit(data.X, data.y)

    add("composition", f"{estimator}-{name}", train, data.rows, estimator=estimator, **options)


def usual(last, **options):
    return lambda: pipe(
        columns([("n", pipe(impute(), P("StandardScaler")), NUMBERS), ("w", words(), WORDS)], **options), last()
    )


case("fraud-logreg", usual(logreg))
case("fraud-logreg-names", usual(logreg), d.fraud_names)
case(
    "fraud-forest", usual(lambda: find("ensemble.RandomForestClassifier")(n_estimators=6, max_depth=5, random_state=0))
)
case("fraud-gb", usual(lambda: find("ensemble.GradientBoostingClassifier")(n_estimators=6, random_state=0)))
case(
    "fraud-hgb",
    lambda: pipe(
        columns(
            [("w", P("OrdinalEncoder", handle_unknown="use_encoded_value", unknown_value=np.nan), WORDS)],
            remainder="passthrough",
        ),
        find("ensemble.HistGradientBoostingClassifier")(max_iter=6, categorical_features=[0, 1], min_samples_leaf=4),
    ),
)
case("fraud-knn", usual(lambda: find("neighbors.KNeighborsClassifier")(5)))
case("fraud-svc", usual(lambda: find("svm.SVC")()))
case("fraud-mlp", usual(lambda: find("neural_network.MLPClassifier")((5,), max_iter=40, random_state=0)))
case("remainder-pass", lambda: columns([("w", onehot(), WORDS)], remainder="passthrough"))
case("remainder-drop", lambda: columns([("n", P("StandardScaler"), ["amount"])], remainder="drop"))
case("remainder-scaler", lambda: columns([("w", onehot(), WORDS)], remainder=P("StandardScaler")))
case("remainder-imputer", lambda: columns([("w", "drop", WORDS)], remainder=impute()))
case(
    "pass-and-drop",
    lambda: columns(
        [("a", "passthrough", ["hour", "tries"]), ("b", "drop", ["amount"]), ("c", P("MinMaxScaler"), ["amount"])]
    ),
)
case(
    "weights",
    lambda: columns(
        [("a", P("MinMaxScaler"), ["hour", "tries"]), ("c", P("StandardScaler"), ["amount"])],
        transformer_weights={"a": 2.0, "c": 0.5},
    ),
)
case(
    "names-short",
    lambda: columns([("w", onehot(), WORDS), ("n", P("StandardScaler"), ["amount"])], verbose_feature_names_out=False),
)
case("dense", lambda: columns([("w", onehot(), WORDS), ("n", P("StandardScaler"), ["amount"])], sparse_threshold=0))
case("sparse", lambda: columns([("w", onehot(), WORDS), ("n", P("MaxAbsScaler"), ["tries"])], sparse_threshold=1.0))
case("indices", lambda: columns([("w", onehot(), [2, 3]), ("n", P("StandardScaler"), [0, 6])]))
case("negative", lambda: columns([("w", onehot(), [-5, -4]), ("n", P("StandardScaler"), [-1])]))
case(
    "slice",
    lambda: columns([("w", onehot(), slice(2, 4)), ("n", P("StandardScaler"), slice(0, 2))], remainder="passthrough"),
)
case(
    "slice-names",
    lambda: columns([("w", onehot(), slice("country", "device")), ("n", impute(), slice("account_age", None))]),
)
case(
    "mask",
    lambda: columns(
        [
            ("n", P("StandardScaler"), [True, True, False, False, False, False, True]),
            ("w", onehot(), np.array([False, False, True, True, False, False, False])),
        ]
    ),
)
case(
    "selector-dtype",
    lambda: columns(
        [
            ("n", impute(), find("compose.make_column_selector")(dtype_include=np.number)),
            ("w", onehot(), find("compose.make_column_selector")(dtype_include=object)),
        ]
    ),
)
case(
    "selector-pattern",
    lambda: columns(
        [("n", P("StandardScaler"), find("compose.make_column_selector")(pattern="^(amount|hour)$"))], remainder="drop"
    ),
)
case(
    "twice",
    lambda: columns(
        [
            ("a", P("StandardScaler"), ["amount"]),
            ("b", P("MinMaxScaler"), ["amount", "hour"]),
            ("c", P("KBinsDiscretizer", n_bins=3, encode="ordinal"), ["amount"]),
        ]
    ),
)
case("bool-column", lambda: columns([("a", onehot(), ["foreign", "hour"]), ("b", P("OrdinalEncoder"), ["foreign"])]))
case("empty", lambda: columns([("a", P("StandardScaler"), ["amount"]), ("b", P("StandardScaler"), [])]))
case(
    "order",
    lambda: columns(
        [
            ("a", P("StandardScaler"), ["tries", "amount"]),
            ("w", P("OrdinalEncoder", handle_unknown="use_encoded_value", unknown_value=-1), ["device", "country"]),
        ],
        remainder="passthrough",
    ),
)
case(
    "nested",
    lambda: columns(
        [
            (
                "inner",
                columns([("n", P("StandardScaler"), ["amount"]), ("w", onehot(), ["country"])]),
                ["amount", "country"],
            ),
            ("rest", impute(), ["account_age"]),
        ]
    ),
)
case("force-int", lambda: columns([("w", onehot(), WORDS)], remainder="passthrough", force_int_remainder_cols=False))
case(
    "log",
    lambda: columns(
        [
            ("l", P("FunctionTransformer", np.log1p), ["amount"]),
            ("b", P("KBinsDiscretizer", n_bins=4), ["hour"]),
            ("p", pipe(impute(), P("PolynomialFeatures", include_bias=False)), ["account_age", "tries"]),
        ]
    ),
)
case(
    "pandas",
    lambda: columns(
        [("n", P("StandardScaler"), ["amount", "hour"]), ("w", onehot(sparse_output=False), WORDS)]
    ).set_output(transform="pandas"),
)
case(
    "pandas-pipeline",
    lambda: pipe(
        columns([("n", impute(), NUMBERS), ("w", onehot(sparse_output=False), WORDS)], verbose_feature_names_out=False),
        find("tree.DecisionTreeClassifier")(max_depth=4),
    ).set_output(transform="pandas"),
)
case(
    "target-encoder",
    lambda: pipe(columns([("t", P("TargetEncoder", random_state=0), WORDS), ("n", impute(), NUMBERS)]), logreg()),
)
case(
    "infrequent",
    lambda: pipe(
        columns(
            [
                ("w", P("OneHotEncoder", min_frequency=15, handle_unknown="infrequent_if_exist"), WORDS),
                ("n", impute(add_indicator=True), NUMBERS),
            ]
        ),
        logreg(),
    ),
)
case(
    "select",
    lambda: pipe(
        columns([("w", onehot(), WORDS), ("n", impute(), NUMBERS)]),
        find("feature_selection.SelectKBest")(k=5),
        logreg(),
    ),
)
case("category-onehot", lambda: pipe(columns([("w", onehot(), WORDS)], remainder=impute()), logreg()), d.fraud_category)
_str_frame = d.fraud_frame(120, 11, text="str" if pd.__version__ >= "3" else object)[0]
_natural = d.Data(_str_frame, d.fraud.y[:120], _str_frame.iloc[:16])
case("natural-text", lambda: pipe(columns([("w", onehot(), WORDS)], remainder=impute()), logreg()), _natural)
_numbers = d.Data(d.fraud.X[NUMBERS].fillna(0), d.fraud.y, d.fraud.rows[NUMBERS].fillna(0))
case(
    "numbers-frame",
    lambda: pipe(columns([("a", P("RobustScaler"), ["amount"])], remainder="passthrough"), logreg()),
    _numbers,
)
_text_frame = pd.DataFrame({"subject": d.TEXTS, "body": d.TEXTS[::-1], "length": [float(len(t)) for t in d.TEXTS]})
_text_data = d.Data(_text_frame, d.texts.y[:12], _text_frame.iloc[[0, 5, 7, 8, 11]])
case(
    "text-columns",
    lambda: pipe(
        columns(
            [
                ("s", find("feature_extraction.text.TfidfVectorizer")(), "subject"),
                ("b", find("feature_extraction.text.CountVectorizer")(ngram_range=(1, 2)), "body"),
                ("l", P("StandardScaler"), ["length"]),
            ]
        ),
        logreg(),
    ),
    _text_data,
)
case(
    "text-index",
    lambda: columns([("s", find("feature_extraction.text.TfidfVectorizer")(), 0), ("l", P("StandardScaler"), [2])]),
    _text_data,
)
case(
    "array-slices",
    lambda: pipe(
        columns([("a", P("StandardScaler"), slice(0, 3)), ("b", P("MinMaxScaler"), [4])], remainder="passthrough"),
        logreg(),
    ),
    d.wine,
)
case(
    "array-mask",
    lambda: columns([("a", P("StandardScaler"), [True, False, True, False, False])], remainder="passthrough"),
    d.wine,
)
case("array-negative", lambda: columns([("a", P("PowerTransformer"), [-1, 0])], remainder=P("MinMaxScaler")), d.wine)
case("array-pass", lambda: columns([("p", "passthrough", [3, 1])]), d.wine)
case(
    "make",
    lambda: find("compose.make_column_transformer")(
        (P("StandardScaler"), ["amount"]), (onehot(), WORDS), remainder="passthrough"
    ),
)

U = "FeatureUnion"
case("plain", lambda: find("pipeline.make_union")(P("StandardScaler"), find("decomposition.PCA")(2)), d.wine, U)
case(
    "weights",
    lambda: find("pipeline.FeatureUnion")(
        [("a", P("StandardScaler")), ("b", find("decomposition.PCA")(2))], transformer_weights={"a": 3.0}
    ),
    d.wine,
    U,
)
case(
    "drop-pass",
    lambda: find("pipeline.FeatureUnion")([("a", "drop"), ("b", "passthrough"), ("c", P("MinMaxScaler"))]),
    d.wine,
    U,
)
case(
    "pipeline",
    lambda: pipe(
        find("pipeline.make_union")(
            pipe(P("StandardScaler"), find("decomposition.PCA")(2)), find("feature_selection.SelectKBest")(k=2)
        ),
        logreg(),
    ),
    d.wine,
    U,
)
case(
    "text",
    lambda: pipe(
        find("pipeline.make_union")(
            find("feature_extraction.text.TfidfVectorizer")(),
            find("feature_extraction.text.CountVectorizer")(analyzer="char", max_features=20),
        ),
        logreg(),
    ),
    d.texts,
    U,
)

N = "Pipeline"
case(
    "pass-step",
    lambda: find("pipeline.Pipeline")([("a", P("StandardScaler")), ("b", "passthrough"), ("c", logreg())]),
    d.wine,
    N,
)
case("last-pass", lambda: find("pipeline.Pipeline")([("a", P("StandardScaler")), ("b", "passthrough")]), d.wine, N)
case("transformers", lambda: pipe(impute(), P("StandardScaler"), find("decomposition.PCA")(3)), d.missing, N)
case("nested", lambda: pipe(pipe(impute(), P("StandardScaler")), pipe(P("PolynomialFeatures"), logreg())), d.missing, N)
case(
    "frame-forest",
    lambda: pipe(
        P("StandardScaler"), find("ensemble.RandomForestClassifier")(n_estimators=4, max_depth=3, random_state=0)
    ),
    d.binary_frame,
    N,
)
case(
    "pandas-output",
    lambda: pipe(P("StandardScaler"), find("decomposition.PCA")(3), logreg()).set_output(transform="pandas"),
    d.binary_frame,
    N,
)
case(
    "iso",
    lambda: pipe(P("StandardScaler"), find("ensemble.IsolationForest")(n_estimators=5, random_state=0)),
    d.iris_X,
    N,
)
case("kmeans", lambda: pipe(P("StandardScaler"), find("cluster.KMeans")(3, n_init=1, random_state=0)), d.iris_X, N)
case("kmeans-logreg", lambda: pipe(find("cluster.KMeans")(6, n_init=1, random_state=0), logreg()), d.iris, N)
case(
    "rbf-sgd",
    lambda: pipe(
        find("kernel_approximation.RBFSampler")(gamma=0.2, n_components=20, random_state=0),
        find("linear_model.SGDClassifier")(random_state=0),
    ),
    d.iris,
    N,
)
case(
    "lda-knn",
    lambda: pipe(
        find("discriminant_analysis.LinearDiscriminantAnalysis")(n_components=1),
        find("neighbors.KNeighborsClassifier")(3),
    ),
    d.wine,
    N,
)
case("spline-ridge", lambda: pipe(P("SplineTransformer", n_knots=4), find("linear_model.Ridge")()), d.diabetes, N)
case(
    "leaves",
    lambda: pipe(find("ensemble.RandomTreesEmbedding")(n_estimators=4, max_depth=3, random_state=0), logreg()),
    d.iris,
    N,
)
case(
    "stacked-forests",
    lambda: pipe(
        P("QuantileTransformer", n_quantiles=20), find("ensemble.ExtraTreesClassifier")(n_estimators=4, random_state=0)
    ),
    d.wine,
    N,
)
case(
    "neighbours",
    lambda: pipe(
        P("StandardScaler"),
        find("neighbors.NeighborhoodComponentsAnalysis")(n_components=2, random_state=0, max_iter=10),
        find("neighbors.KNeighborsClassifier")(3),
    ),
    d.iris,
    N,
)
case("memory", lambda: find("pipeline.Pipeline")([("a", P("StandardScaler")), ("c", logreg())], memory=None), d.iris, N)


def sampled(sampler, **options):
    def make():
        from imblearn import over_sampling, pipeline, under_sampling

        of = getattr(over_sampling, sampler, None) or getattr(under_sampling, sampler)
        return pipeline.Pipeline([("s", P("StandardScaler")), ("o", of(**options)), ("m", logreg())])

    return make


for sampler in ("SMOTE", "RandomOverSampler", "RandomUnderSampler", "ADASYN", "TomekLinks"):
    case(f"imblearn-{sampler}", sampled(sampler), d.binary, "Pipeline")
