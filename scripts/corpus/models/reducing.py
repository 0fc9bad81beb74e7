"""Decompositions, projections, kernel maps, selection of features."""

import numpy as np
from corpus import add, each, find, late

import data as d

D, S, K, R = "decomposition.", "feature_selection.", "kernel_approximation.", "random_projection."
_wine, _digits, _counts = d.wine.of(None), d.digits.of(None), d.counts.of(None)
_frame = d.Data(d.binary_frame.X, None, d.binary_frame.rows)


def lasso():
    return find("linear_model.Lasso")(alpha=0.5)


def forest():
    return find("ensemble.RandomForestClassifier")(n_estimators=4, max_depth=3, random_state=0)


def logreg():
    return find("linear_model.LogisticRegression")(max_iter=200)


each(
    "decompositions",
    D + "PCA",
    _wine,
    {
        "two": dict(n_components=2),
        "whiten": dict(n_components=3, whiten=True),
        "share": dict(n_components=0.95),
        "all": dict(),
        "randomized": dict(data=_digits, n_components=3, svd_solver="randomized", random_state=0),
        "arpack": dict(data=_digits, n_components=3, svd_solver="arpack", random_state=0),
        "mle": dict(n_components="mle", svd_solver="full"),
        "eigh": dict(n_components=2, svd_solver="covariance_eigh"),
        "float32": dict(data=d.Data(d.binary_float32.X, None, d.binary_float32.rows), n_components=2),
        "frame": dict(data=_frame, n_components=2),
    },
)
each(
    "decompositions",
    D + "IncrementalPCA",
    _wine,
    {"plain": dict(n_components=3, batch_size=20), "whiten": dict(n_components=2, whiten=True)},
)
each(
    "decompositions",
    D + "KernelPCA",
    d.iris_X,
    {
        **{k: dict(n_components=2, kernel=k) for k in ("linear", "rbf", "poly", "sigmoid", "cosine")},
        "gamma": dict(n_components=3, kernel="rbf", gamma=0.1),
        "inverse": dict(n_components=2, kernel="rbf", fit_inverse_transform=True),
        "zero": dict(n_components=3, kernel="poly", degree=2, remove_zero_eig=True),
    },
)
each(
    "decompositions",
    D + "FastICA",
    _wine,
    {
        **{f: dict(n_components=2, fun=f, random_state=0, whiten="unit-variance") for f in ("logcosh", "exp", "cube")},
        "arbitrary": dict(n_components=3, whiten="arbitrary-variance", random_state=0),
        "none": dict(whiten=False, random_state=0, data=d.wine_scaled.of(None)),
    },
)
each(
    "decompositions",
    D + "FactorAnalysis",
    _wine,
    {
        "plain": dict(n_components=2, random_state=0),
        "varimax": dict(n_components=2, rotation="varimax", random_state=0),
        "lapack": dict(n_components=2, svd_method="lapack"),
    },
)
each(
    "decompositions",
    D + "TruncatedSVD",
    _counts,
    {
        "plain": dict(n_components=2, random_state=0),
        "arpack": dict(n_components=2, algorithm="arpack", random_state=0),
        "sparse": dict(data=d.counts_sparse.of(None), n_components=3, random_state=0),
    },
)
each(
    "decompositions",
    D + "NMF",
    _counts,
    {
        "plain": dict(n_components=2, random_state=0, max_iter=300),
        "mu": dict(n_components=2, solver="mu", beta_loss="kullback-leibler", random_state=0),
    },
)
each("decompositions", D + "MiniBatchNMF", _counts, {"plain": dict(n_components=2, random_state=0, max_iter=30)})
each(
    "decompositions",
    D + "LatentDirichletAllocation",
    _counts,
    {
        "plain": dict(n_components=2, random_state=0),
        "many": dict(n_components=9, random_state=0),
        "online": dict(n_components=3, random_state=0, learning_method="online", batch_size=16),
        "priors": dict(n_components=3, random_state=0, doc_topic_prior=0.05, topic_word_prior=0.9),
        "long": dict(n_components=3, random_state=0, max_doc_update_iter=900, mean_change_tol=1e-7),
        "short": dict(n_components=3, random_state=0, max_doc_update_iter=3),
        "sparse": dict(n_components=3, random_state=0, data=d.counts_sparse.of(None)),
        "fractions": dict(n_components=3, random_state=0, data=d.positive.of(None)),
        "one": dict(n_components=1, random_state=0),
    },
)
for _name, _vectorizer, _last in (
    ("counts", "CountVectorizer", None),
    ("shares", "TfidfVectorizer", None),
    ("logreg", "CountVectorizer", "linear_model.LogisticRegression"),
):

    def topics(vectorizer=_vectorizer, last=_last):
        steps = [
            find("feature_extraction.text." + vectorizer)(),
            find(D + "LatentDirichletAllocation")(n_components=4, random_state=0),
        ]
        return find("pipeline.make_pipeline")(*steps, *([find(last)()] if last else [])).fit(d.texts.X, d.texts.y)

    add("decompositions", f"LatentDirichletAllocation-text-{_name}", topics, d.texts.rows, estimator="Pipeline (text)")
each("decompositions", D + "SparsePCA", _wine, {"plain": dict(n_components=2, random_state=0, max_iter=30)})
each("decompositions", D + "MiniBatchSparsePCA", _wine, {"plain": dict(n_components=2, random_state=0, max_iter=30)})
each("decompositions", D + "DictionaryLearning", _wine, {"plain": dict(n_components=3, random_state=0, max_iter=20)})
each(
    "projections",
    R + "GaussianRandomProjection",
    _digits,
    {
        "plain": dict(n_components=4, random_state=0),
        "inverse": dict(n_components=3, random_state=0, compute_inverse_components=True),
    },
)
each(
    "projections",
    R + "SparseRandomProjection",
    _digits,
    {
        "plain": dict(n_components=4, random_state=0),
        "dense": dict(n_components=3, density=0.5, dense_output=True, random_state=0),
        "sparse": dict(data=d.counts_sparse.of(None), n_components=3, random_state=0),
    },
)
each(
    "kernels",
    K + "Nystroem",
    d.iris_X,
    {
        **{
            k: dict(n_components=8, kernel=k, random_state=0)
            for k in ("rbf", "poly", "sigmoid", "linear", "cosine", "laplacian")
        },
        "gamma": dict(n_components=5, gamma=0.2, random_state=0),
        "chi2": dict(data=d.positive.of(None), kernel="chi2", n_components=6, random_state=0),
        "additive": dict(data=d.positive.of(None), kernel="additive_chi2", n_components=6, random_state=0),
        "degree": dict(kernel="polynomial", degree=2, coef0=0.5, n_components=4, random_state=0),
    },
)
each(
    "kernels",
    K + "RBFSampler",
    d.iris_X,
    {
        "plain": dict(n_components=10, random_state=0),
        "gamma": dict(gamma=0.1, n_components=6, random_state=1),
        "scale": dict(gamma="scale", n_components=6, random_state=1),
    },
)
each(
    "kernels",
    K + "AdditiveChi2Sampler",
    d.positive.of(None),
    {
        "plain": dict(),
        "one": dict(sample_steps=1),
        "three": dict(sample_steps=3),
        "interval": dict(sample_interval=0.3),
        "zeros": dict(data=_counts),
        "sparse": dict(data=d.counts_sparse.of(None)),
    },
)
each(
    "kernels",
    K + "SkewedChi2Sampler",
    d.positive.of(None),
    {"plain": dict(n_components=6, random_state=0), "skewed": dict(skewedness=0.4, n_components=5, random_state=0)},
)
each(
    "kernels",
    K + "PolynomialCountSketch",
    d.iris_X,
    {
        "plain": dict(n_components=8, random_state=0),
        "coef": dict(n_components=6, degree=3, coef0=1, gamma=0.5, random_state=0),
    },
)
f = {"classif": "f_classif", "chi2": "chi2", "mutual": "mutual_info_classif"}
each(
    "selection",
    S + "VarianceThreshold",
    d.wine,
    {
        "plain": dict(),
        "some": dict(threshold=1.0),
        "missing": dict(data=d.missing_X, threshold=0.01),
        "sparse": dict(data=d.counts_sparse, threshold=0.4),
    },
)
each(
    "selection",
    S + "SelectKBest",
    d.counts,
    {
        **{k: dict(k=3, score_func=late(lambda v=v: find(S + v))) for k, v in f.items()},
        "all": dict(k="all"),
        "frame": dict(data=d.binary_frame, k=2),
        "sparse": dict(data=d.counts_sparse, k=2),
    },
)
each("selection", S + "SelectPercentile", d.wine, {"plain": dict(percentile=40)})
each("selection", S + "SelectFpr", d.wine, {"plain": dict(alpha=1e-9)})
each("selection", S + "SelectFdr", d.wine, {"plain": dict(alpha=1e-9)})
each("selection", S + "SelectFwe", d.wine, {"plain": dict(alpha=1e-9)})
each(
    "selection",
    S + "GenericUnivariateSelect",
    d.wine,
    {
        "best": dict(mode="k_best", param=2),
        "percentile": dict(mode="percentile", param=60),
        "fpr": dict(mode="fpr", param=1e-9),
    },
)
each(
    "selection",
    S + "SelectFromModel",
    d.wine,
    {
        "forest": dict(estimator=late(forest)),
        "median": dict(estimator=late(forest), threshold="median"),
        "scaled": dict(estimator=late(forest), threshold="1.25*mean"),
        "max": dict(estimator=late(logreg), max_features=2, threshold=-np.inf),
        "number": dict(estimator=late(logreg), threshold=0.3),
        "lasso": dict(data=d.diabetes, estimator=late(lasso)),
        "norm": dict(estimator=late(logreg), norm_order=2),
        "prefit": dict(estimator=late(lambda: forest().fit(d.wine.X, d.wine.y)), prefit=True),
        "l1": dict(estimator=late(lambda: find("svm.LinearSVC")(penalty="l1", dual=False, C=0.01))),
    },
)
each(
    "selection",
    S + "RFE",
    d.wine,
    {
        "forest": dict(estimator=late(forest), n_features_to_select=2),
        "logreg": dict(estimator=late(logreg), n_features_to_select=3, step=2),
        "share": dict(data=d.diabetes, estimator=late(lambda: find("linear_model.Ridge")()), n_features_to_select=0.5),
        "tree-str": dict(
            data=d.iris,
            estimator=late(lambda: find("tree.DecisionTreeClassifier")(max_depth=3, random_state=0)),
            n_features_to_select=2,
        ),
    },
)
each(
    "selection",
    S + "RFECV",
    d.wine,
    {
        "forest": dict(estimator=late(forest), cv=3),
        "svc": dict(data=d.iris, estimator=late(lambda: find("svm.SVC")(kernel="linear")), cv=3),
    },
)
each(
    "selection",
    S + "SequentialFeatureSelector",
    d.iris,
    {
        "forward": dict(
            estimator=late(lambda: find("neighbors.KNeighborsClassifier")(3)), n_features_to_select=2, cv=2
        ),
        "backward": dict(
            estimator=late(lambda: find("linear_model.RidgeClassifier")()),
            direction="backward",
            n_features_to_select=2,
            cv=2,
        ),
    },
)
