"""The data that the corpus' models learn from: small, of every kind, the same in each version."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn import datasets


class Data:
    """Features, targets (None where there are none) and the rows that the model is then asked."""

    def __init__(self, X, y, rows):
        self.X, self.y, self.rows = X, y, rows

    def of(self, y):
        return Data(self.X, y, self.rows)


def asked(X, seed, count=14, far=3.0):
    """Rows between the known ones, a known one, and two far outside."""
    random = np.random.RandomState(seed)
    a, b = X[random.choice(len(X), count)], X[random.choice(len(X), count)]
    mixed = a + (b - a) * random.rand(count, 1)
    return np.vstack([X[:2], mixed, X.mean(0) + far * X.std(0), X.mean(0) - far * X.std(0)])


def thinned(X, y, step):
    return X[::step], y[::step]


random = np.random.RandomState(7)

_X, _y = datasets.load_iris(return_X_y=True)
_X = _X + random.normal(0, 0.03, _X.shape)
iris = Data(_X, np.array(["setosa", "versicolor", "virginica"])[_y], asked(_X, 1))
iris_int = iris.of(_y)
iris_X = iris.of(None)

_X, _y = thinned(*datasets.load_breast_cancer(return_X_y=True), 4)
_X = _X[:, [0, 1, 4, 7, 20, 27]]
binary = Data(_X, _y, asked(_X, 2))
binary_str = binary.of(np.where(_y == 1, "good", "bad"))
binary_object = binary.of(np.where(_y == 1, "gut", "schlecht ä").astype(object))
binary_bool = binary.of(_y == 1)
binary_negative = binary.of(np.where(_y == 1, 1, -1))
binary_float = binary.of(np.where(_y == 1, 2.0, -1.0))
binary_int32 = binary.of(np.where(_y == 1, 7, 3).astype(np.int32))
binary_float32 = Data(_X.astype(np.float32), _y, asked(_X, 2).astype(np.float32))
binary_frame = Data(
    pd.DataFrame(_X, columns=["radius", "texture", "smooth", "concave", "worst radius", "worst-concave"]),
    _y,
    pd.DataFrame(asked(_X, 2), columns=["radius", "texture", "smooth", "concave", "worst radius", "worst-concave"]),
)

_X, _y = thinned(*datasets.load_wine(return_X_y=True), 2)
_X = _X[:, [0, 1, 4, 9, 12]]
wine = Data(_X, _y, asked(_X, 3))
wine_scaled = Data((_X - _X.mean(0)) / _X.std(0), _y, (asked(_X, 3) - _X.mean(0)) / _X.std(0))

_X, _y = datasets.load_digits(return_X_y=True)
_X, _y = _X[:200, 8:32:2], _y[:200]
digits = Data(_X, _y, asked(_X, 4))

_X, _y = thinned(*datasets.load_diabetes(return_X_y=True), 4)
_X = _X[:, [2, 3, 6, 8, 9]]
diabetes = Data(_X, _y, asked(_X, 5))
diabetes_X = diabetes.of(None)
diabetes_two = diabetes.of(np.column_stack([_y, _X[:, 0] * 100 + random.normal(0, 1, len(_y))]))
diabetes_one_column = diabetes.of(_y.reshape(-1, 1))
diabetes_small = diabetes.of(_y / 100)
counts_y = diabetes.of(np.round(_y / 50).astype(float))
unit_y = diabetes.of((_y - _y.min() + 1) / (_y.max() - _y.min() + 2))
weights = 0.2 + random.rand(len(_y))


def with_holes(X, seed, share=0.15):
    holes = np.random.RandomState(seed).rand(*X.shape) < share
    return np.where(holes, np.nan, X)


missing = Data(with_holes(binary.X, 3), binary.y, with_holes(binary.rows, 4))
missing_iris = Data(with_holes(iris.X, 3), iris.y, with_holes(iris.rows, 4))
missing_reg = Data(with_holes(diabetes.X, 5), diabetes.y, with_holes(diabetes.rows, 6))
missing_X = missing.of(None)
late_missing = Data(binary.X, binary.y, with_holes(binary.rows, 8))  # none when it learnt

multilabel = iris.of(
    np.column_stack([_y2 for _y2 in (iris_int.y == 0, iris_int.y > 0, iris.X[:, 0] > 5.8)]).astype(int)
)
multi_int = iris.of(np.column_stack([iris_int.y, (iris.X[:, 0] > 5.8).astype(int) * 3 - 1]))
multi_str = iris.of(np.column_stack([iris.y, np.where(iris.X[:, 0] > 5.8, "long", "short")]).astype(object))

_X = random.poisson([3, 1, 0.5, 4, 2, 0.2], (90, 6)).astype(float)
_y = (_X[:, 0] + random.poisson(1, 90) > _X[:, 3]).astype(int) + (_X[:, 4] > 2)
counts = Data(_X, _y, np.vstack([_X[:8], random.poisson(2, (8, 6)), np.zeros((1, 6))]))
counts_sparse = Data(sp.csr_matrix(counts.X), counts.y, sp.csr_matrix(counts.rows))
positive = Data(_X + 0.1, _y, counts.rows + 0.3)

_X = np.column_stack([random.randint(0, k, 100) for k in (3, 4, 2, 5)])
_y = (_X[:, 0] + _X[:, 1] + random.randint(0, 2, 100) > 3).astype(int)
codes = Data(_X, _y, np.vstack([_X[:10], np.column_stack([random.randint(0, k, 8) for k in (3, 4, 2, 5)])]))


def fraud_frame(count, seed, text=object):
    r = np.random.RandomState(seed)
    device = r.choice(np.array(["web", "android", "ios", None], dtype=object), count, p=[0.4, 0.3, 0.2, 0.1])
    age = np.where(r.rand(count) < 0.15, np.nan, np.round(r.exponential(300, count), 2))
    frame = pd.DataFrame(
        {
            "amount": np.round(r.lognormal(3, 1, count), 2),
            "hour": r.randint(0, 24, count),
            "country": pd.Series(r.choice(["US", "DE", "FR", "BR"], count, p=[0.5, 0.25, 0.2, 0.05]), dtype=text),
            "device": pd.Series(device, dtype=text),
            "account_age": age,
            "foreign": r.rand(count) < 0.2,
            "tries": r.poisson(0.5, count),
        }
    )
    risk = (
        (frame["amount"] > 40).astype(int)
        + frame["foreign"].astype(int)
        + (frame["country"] == "BR")
        + (r.rand(count) < 0.2)
    )
    return frame, (risk > 1).astype(int).to_numpy()


def fraud_rows(frame, seed):
    rows = fraud_frame(18, seed)[0].astype({"country": frame["country"].dtype, "device": frame["device"].dtype})
    rows.loc[3, "country"] = "日本"
    rows.loc[4, "device"] = "toaster"
    return rows


_frame, _y = fraud_frame(160, 11)
fraud = Data(_frame, _y, fraud_rows(_frame, 12))
fraud_known = Data(_frame, _y, _frame.iloc[:18].copy())
fraud_y = _frame["amount"].to_numpy()
fraud_names = fraud.of(np.where(_y == 1, "fraud", "fine"))

_category = _frame.astype({"country": "category", "device": "category"})
_asked = (
    _frame.iloc[20:40]
    .reset_index(drop=True)
    .astype({"country": _category["country"].dtype, "device": _category["device"].dtype})
)
fraud_category = Data(_category, _y, _asked)

TEXTS = [
    "The quick brown fox jumps over the lazy dog",
    "Win a FREE prize now!!! Call 0800-123 today",
    "Meeting moved to 3 pm, see you in room B12",
    "Claim your free free money, limited offer",
    "Can you review the report before Tuesday?",
    "URGENT: your account wins a big prize",
    "Das Wetter in München ist schön, über 20 Grad",
    "Café crème et déjà vu à l'hôtel",
    "free money free prize call now",
    "the team and the report and the room",
    "Lunch tomorrow? I'll bring the naïve résumé",
    "offer offer OFFER click_here http://x.yz/a?b=1",
]
texts = Data(TEXTS * 2, np.array([0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1] * 2), None)
texts.rows = [
    *TEXTS[:4],
    "",
    "   ",
    "a b c",
    "free prize for the lazy team",
    "MÜNCHEN café HÔTEL naïve",
    "日本語 テキスト free",
    "emoji 🎉 prize\tnow\nnext line",
    "don't can't o'clock re-view B12 b12",
    "x" * 40 + " money",
    "snake_case 3.14 1,000 ½ ²",
    "İstanbul ßtraße ﬁne",
]

RECORDS = [
    {"city": "Berlin", "size": 3.5, "old": True},
    {"city": "Paris", "size": 2.0},
    {"city": "Berlin", "size": 1.0, "old": False},
    {"city": "Rome", "rooms": 4},
    {"city": "Paris", "size": 7.25, "rooms": 2},
    {"size": 1.5, "rooms": 3, "old": True},
]
records = Data(RECORDS * 3, np.array([0, 1, 0, 1, 1, 0] * 3), None)
records.rows = [*RECORDS, {"city": "Madrid", "size": -1}, {}, {"unknown": 3, "city": "Rome"}]
