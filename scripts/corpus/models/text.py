"""Vectorizers of text and of dicts."""

from corpus import add, each, find, late

import data as d

F = "feature_extraction.text."
_words = [
    "free",
    "prize",
    "the",
    "team",
    "report",
    "money",
    "room",
]
TABLE = {
    "plain": dict(),
    "char": dict(analyzer="char", ngram_range=(1, 3), max_features=60),
    "char-wb": dict(analyzer="char_wb", ngram_range=(2, 4), max_features=80),
    "char-wb-5": dict(analyzer="char_wb", ngram_range=(5, 5)),
    "bigrams": dict(ngram_range=(1, 2)),
    "trigrams": dict(ngram_range=(2, 3), stop_words="english"),
    "binary": dict(binary=True),
    "english": dict(stop_words="english"),
    "stop-list": dict(stop_words=["the", "and", "free"]),
    "vocabulary": dict(vocabulary=_words),
    "vocabulary-dict": dict(vocabulary={w: i for i, w in enumerate(_words)}),
    "pattern": dict(token_pattern=r"(?u)\b\w+\b"),
    "group": dict(token_pattern=r"(?u)\b(\w)\w+\b"),
    "letters": dict(token_pattern=r"[a-zA-Z]+"),
    "hyphens": dict(token_pattern=r"[\w'-]+"),
    "digits": dict(token_pattern=r"\d+|\w{3,}"),
    "space": dict(token_pattern=r"\S+"),
    "case": dict(lowercase=False),
    "unicode": dict(strip_accents="unicode"),
    "ascii": dict(strip_accents="ascii"),
    "ascii-char": dict(strip_accents="ascii", analyzer="char"),
    "min-df": dict(min_df=2),
    "max-df": dict(max_df=0.3),
    "max-features": dict(max_features=9),
    "df-share": dict(min_df=0.1, max_df=0.8, ngram_range=(1, 2)),
    "stripped-char-wb": dict(strip_accents="unicode", analyzer="char_wb", ngram_range=(3, 3)),
}
_texts = d.texts.of(None)
each("text", F + "CountVectorizer", _texts, {k: dict(v) for k, v in TABLE.items()})
each(
    "text",
    F + "TfidfVectorizer",
    _texts,
    {
        **{k: dict(v) for k, v in TABLE.items()},
        "l1": dict(norm="l1"),
        "no-norm": dict(norm=None),
        "sublinear": dict(sublinear_tf=True),
        "no-idf": dict(use_idf=False),
        "unsmoothed": dict(smooth_idf=False),
        "all": dict(sublinear_tf=True, norm="l1", smooth_idf=False, ngram_range=(1, 2), binary=True),
    },
)
each(
    "text",
    F + "HashingVectorizer",
    _texts,
    {
        "plain": dict(n_features=64),
        "unsigned": dict(n_features=64, alternate_sign=False),
        "bigrams": dict(n_features=128, ngram_range=(1, 2)),
        "char": dict(n_features=100, analyzer="char_wb", ngram_range=(2, 3)),
        "l1": dict(n_features=32, norm="l1"),
        "none": dict(n_features=32, norm=None, binary=True),
        "case": dict(n_features=50, lowercase=False, strip_accents="unicode"),
        "english": dict(n_features=40, stop_words="english"),
        "odd": dict(n_features=37, token_pattern=r"(?u)\b\w+\b"),
    },
)
each(
    "text",
    "feature_extraction.DictVectorizer",
    d.records.of(None),
    {"plain": dict(), "dense": dict(sparse=False), "separator": dict(separator="::", sort=False)},
)
each(
    "text",
    "feature_extraction.FeatureHasher",
    d.records.of(None),
    {"dict": dict(n_features=16), "unsigned": dict(n_features=12, alternate_sign=False)},
)


def pipeline(*steps):
    return lambda: find("pipeline.make_pipeline")(*[step() for step in steps]).fit(d.texts.X, d.texts.y)


def tfidf(**options):
    return lambda: find(F + "TfidfVectorizer")(**options)


def last(path, **options):
    return lambda: find(path)(**options)


for name, steps in {
    "tfidf-logreg": (tfidf(), last("linear_model.LogisticRegression")),
    "tfidf-svc": (tfidf(ngram_range=(1, 2)), last("svm.LinearSVC")),
    "tfidf-svd-logreg": (
        tfidf(),
        last("decomposition.TruncatedSVD", n_components=4, random_state=0),
        last("linear_model.LogisticRegression"),
    ),
    "tfidf-nb": (tfidf(), last("naive_bayes.MultinomialNB")),
    "tfidf-complement": (tfidf(sublinear_tf=True), last("naive_bayes.ComplementNB")),
    "tfidf-kbest-sgd": (
        tfidf(),
        last("feature_selection.SelectKBest", k=10),
        last("linear_model.SGDClassifier", loss="log_loss", random_state=0),
    ),
    "count-tfidf-nb": (
        last(F + "CountVectorizer", stop_words="english"),
        last(F + "TfidfTransformer", sublinear_tf=True),
        last("naive_bayes.BernoulliNB"),
    ),
    "count-forest": (
        last(F + "CountVectorizer"),
        last("ensemble.RandomForestClassifier", n_estimators=4, random_state=0),
    ),
    "count-scaled-knn": (
        last(F + "CountVectorizer"),
        last("preprocessing.MaxAbsScaler"),
        last("neighbors.KNeighborsClassifier", n_neighbors=3),
    ),
    "hashing-logreg": (last(F + "HashingVectorizer", n_features=256), last("linear_model.LogisticRegression")),
    "tfidf-ridge": (tfidf(analyzer="char_wb", ngram_range=(2, 3)), last("linear_model.RidgeClassifier")),
    "tfidf-calibrated": (tfidf(), lambda: find("calibration.CalibratedClassifierCV")(find("svm.LinearSVC")(), cv=3)),
    "count-hgb-dense": (
        last(F + "CountVectorizer", max_features=8),
        lambda: find("preprocessing.FunctionTransformer")(),
        last("tree.DecisionTreeClassifier", random_state=0),
    ),
    "tfidf-gb": (tfidf(max_features=10), last("ensemble.GradientBoostingClassifier", n_estimators=5)),
    "tfidf-svc-rbf": (tfidf(), last("svm.SVC", probability=True, random_state=0)),
    "tfidf-nearest": (tfidf(), last("neighbors.NearestCentroid")),
    "tfidf-kmeans": (tfidf(), last("cluster.KMeans", n_clusters=3, n_init=1, random_state=0)),
}.items():
    add("text", f"Pipeline-text-{name}", pipeline(*steps), d.texts.rows, estimator="Pipeline (text)")
each(
    "text",
    F + "TfidfTransformer",
    d.counts.of(None),
    {
        "plain": dict(),
        "l1": dict(norm="l1", sublinear_tf=True),
        "no-idf": dict(use_idf=False),
        "sparse": dict(data=d.counts_sparse.of(None), smooth_idf=False),
    },
)
add(
    "text",
    "Pipeline-dict-tree",
    lambda: find("pipeline.make_pipeline")(
        find("feature_extraction.DictVectorizer")(), find("tree.DecisionTreeClassifier")(random_state=0)
    ).fit(d.records.X, d.records.y),
    d.records.rows,
    estimator="Pipeline (dicts)",
)
add(
    "text",
    "Pipeline-dict-logreg",
    lambda: find("pipeline.make_pipeline")(
        find("feature_extraction.DictVectorizer")(sparse=False), find("linear_model.LogisticRegression")()
    ).fit(d.records.X, d.records.y),
    d.records.rows,
    estimator="Pipeline (dicts)",
)


def tokenizer(text):
    return text.split("a")


add(
    "text",
    "TfidfVectorizer-own-tokenizer",
    lambda: find(F + "TfidfVectorizer")(tokenizer=tokenizer, token_pattern=None).fit(d.texts.X),
    d.texts.rows,
    expect="refuse-or-worker",
)
add(
    "text",
    "CountVectorizer-own-analyzer",
    lambda: find(F + "CountVectorizer")(analyzer=tokenizer).fit(d.texts.X),
    d.texts.rows,
    expect="refuse-or-worker",
)
add(
    "text",
    "CountVectorizer-str-split",
    lambda: find(F + "CountVectorizer")(analyzer=str.split).fit(d.texts.X),
    d.texts.rows,
    expect="refuse-or-worker",
)
add(
    "text",
    "CountVectorizer-str-lower",
    lambda: find(F + "CountVectorizer")(preprocessor=str.lower).fit(d.texts.X),
    d.texts.rows,
    expect="refuse-or-worker",
)
