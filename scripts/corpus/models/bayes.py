"""Naive Bayes, mixtures, clusters."""

from corpus import each

import data as d

B, C, M = "naive_bayes.", "cluster.", "mixture."
each(
    "naive-bayes",
    B + "GaussianNB",
    d.wine,
    {
        "plain": dict(),
        "smoothing": dict(var_smoothing=1e-3),
        "priors": dict(priors=[0.2, 0.5, 0.3]),
        "str": dict(data=d.iris),
        "bool": dict(data=d.binary_bool),
        "weights": dict(data=d.wine, sample_weight=(d.wine.y + 1) / 2),
    },
)
each(
    "naive-bayes",
    B + "MultinomialNB",
    d.counts,
    {
        "plain": dict(),
        "alpha": dict(alpha=0.1, fit_prior=False),
        "priors": dict(class_prior=[0.2, 0.5, 0.3]),
        "sparse": dict(data=d.counts_sparse),
        "no-alpha": dict(alpha=1e-12, force_alpha=True),
    },
)
each(
    "naive-bayes",
    B + "ComplementNB",
    d.counts,
    {"plain": dict(), "norm": dict(norm=True), "alpha": dict(alpha=0.2), "sparse": dict(data=d.counts_sparse)},
)
each(
    "naive-bayes",
    B + "BernoulliNB",
    d.counts,
    {
        "plain": dict(),
        "binarize": dict(binarize=1.5),
        "none": dict(
            binarize=None, data=d.Data((d.counts.X > 0).astype(float), d.counts.y, (d.counts.rows > 0).astype(float))
        ),
        "alpha": dict(alpha=0.1, fit_prior=False),
        "sparse": dict(data=d.counts_sparse),
    },
)
each(
    "naive-bayes",
    B + "CategoricalNB",
    d.codes,
    {
        "plain": dict(),
        "alpha": dict(alpha=0.2, fit_prior=False),
        "min": dict(min_categories=[6, 5, 4, 7]),
        "float": dict(data=d.Data(d.codes.X.astype(float), d.codes.y, d.codes.rows.astype(float))),
    },
)
each(
    "clusters",
    C + "KMeans",
    d.iris_X,
    {
        "plain": dict(n_clusters=3, n_init=2, random_state=0),
        "elkan": dict(n_clusters=4, n_init=1, algorithm="elkan", random_state=0),
        "random": dict(n_clusters=2, init="random", n_init=2, random_state=0),
        "float32": dict(
            data=d.Data(d.binary_float32.X, None, d.binary_float32.rows), n_clusters=3, n_init=1, random_state=0
        ),
        "frame": dict(data=d.Data(d.binary_frame.X, None, d.binary_frame.rows), n_clusters=3, n_init=1, random_state=0),
    },
)
each(
    "clusters",
    C + "MiniBatchKMeans",
    d.iris_X,
    {
        "plain": dict(n_clusters=3, n_init=2, random_state=0),
        "batch": dict(n_clusters=5, n_init=1, batch_size=20, random_state=1),
    },
)
each(
    "clusters",
    C + "BisectingKMeans",
    d.iris_X,
    {
        "plain": dict(n_clusters=4, random_state=0),
        "largest": dict(n_clusters=5, bisecting_strategy="largest_cluster", random_state=0),
    },
)
each("clusters", C + "Birch", d.iris_X, {"plain": dict(n_clusters=3), "none": dict(n_clusters=None, threshold=0.8)})
each("clusters", C + "MeanShift", d.iris_X, {"plain": dict(bandwidth=1.2)})
each("clusters", C + "AffinityPropagation", d.Data(d.iris.X[::3], None, d.iris.rows), {"plain": dict(random_state=0)})
each("clusters", C + "FeatureAgglomeration", d.wine, {"plain": dict(n_clusters=3), "two": dict(n_clusters=2)})
each(
    "mixtures",
    M + "GaussianMixture",
    d.iris_X,
    {
        **{
            c: dict(n_components=3, covariance_type=c, random_state=0, max_iter=30)
            for c in ("full", "tied", "diag", "spherical")
        },
        "one": dict(n_components=1),
        "reg": dict(n_components=5, reg_covar=1e-2, random_state=1, max_iter=20),
    },
)
each(
    "mixtures",
    M + "BayesianGaussianMixture",
    d.iris_X,
    {
        **{
            c: dict(n_components=3, covariance_type=c, random_state=0, max_iter=30)
            for c in ("full", "tied", "diag", "spherical")
        },
        "distribution": dict(
            n_components=4, weight_concentration_prior_type="dirichlet_distribution", random_state=0, max_iter=20
        ),
    },
)
each(
    "outliers",
    "covariance.EllipticEnvelope",
    d.iris_X,
    {"plain": dict(random_state=0), "contamination": dict(contamination=0.3, random_state=0)},
)
