"""Trains the fraud model of this example on synthetic card transactions.

It writes two files beside itself, the same bytes on every run with the same versions of NumPy and scikit-learn:

- coefficients.json: all that the model is, with five example transactions and scikit-learn's own answers to them
- transactions.csv: 1,000 transactions that the model has not seen

Needs the versions in requirements.txt. No card, person or merchant in here is real.
"""

import json
import textwrap
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SEED = 20_260
ROWS = 60_000
FRAUD_RATE = 0.02
CSV_ROWS = 1_000

# Name, decimals kept. Everything is rounded before training, so that the CSV file holds what the model saw.
FEATURES = [
    ("amount", 2),
    ("hour_of_day", 0),
    ("days_since_last_transaction", 2),
    ("distance_from_home_km", 1),
    ("merchant_risk_score", 3),
    ("transactions_last_24h", 0),
    ("is_foreign", 0),
    ("is_online", 0),
    ("account_age_days", 0),
    ("declined_last_week", 0),
]
NAMES = [name for name, _ in FEATURES]

# Five transactions to try. The first is the one that forms are filled in with, so it is a case worth a look.
EXAMPLES = [
    [189.90, 22, 0.4, 12.5, 0.47, 3, 0, 1, 240, 1],  # late, online, a risky shop, one decline this week
    [14.20, 13, 0.8, 2.1, 0.06, 1, 0, 0, 2410, 0],  # lunch round the corner
    [64.90, 19, 1.6, 6.4, 0.34, 2, 0, 1, 1130, 0],  # an evening order
    [95.00, 23, 0.3, 48.0, 0.38, 4, 0, 0, 700, 0],  # a night out, away from home
    [640.00, 3, 0.05, 6200.0, 0.71, 6, 1, 1, 45, 2],  # a spree abroad on a young account
]


def everyday(rng, count):
    """What card holders do: small sums by day, near home, and now and then a holiday."""
    is_foreign = rng.random(count) < 0.04
    is_online = rng.random(count) < 0.38
    distance = rng.lognormal(1.6, 1.1, count)
    distance[is_foreign] = rng.lognormal(6.9, 0.7, is_foreign.sum())
    return {
        "amount": rng.lognormal(3.4, 0.95, count),
        "hour_of_day": np.clip(rng.normal(14.5, 4.2, count), 0, 23),
        "days_since_last_transaction": rng.exponential(1.6, count),
        "distance_from_home_km": distance,
        "merchant_risk_score": rng.beta(1.8, 7.5, count),
        "transactions_last_24h": rng.poisson(1.3, count),
        "is_foreign": is_foreign,
        "is_online": is_online,
        "account_age_days": rng.gamma(2.2, 620, count),
        "declined_last_week": rng.poisson(0.12, count),
    }


def stolen_number(rng, count):
    """A card number sold on: online, at risky shops, many tries in a row, some declined."""
    rows = everyday(rng, count)
    rows["amount"] = rng.lognormal(4.4, 1.0, count)
    rows["hour_of_day"] = rng.integers(0, 24, count)
    rows["days_since_last_transaction"] = rng.exponential(0.4, count)
    rows["merchant_risk_score"] = rng.beta(3.2, 4.2, count)
    rows["transactions_last_24h"] = rng.poisson(4.2, count)
    rows["is_online"] = rng.random(count) < 0.92
    rows["account_age_days"] = rng.gamma(1.7, 480, count)
    rows["declined_last_week"] = rng.poisson(0.9, count)
    return rows


def stolen_card(rng, count):
    """A card taken on a journey: far from home, in shops, at night, until it is blocked."""
    rows = everyday(rng, count)
    rows["amount"] = rng.lognormal(4.7, 0.8, count)
    rows["hour_of_day"] = (rng.normal(23, 4, count)) % 24
    rows["days_since_last_transaction"] = rng.exponential(0.3, count)
    rows["is_foreign"] = rng.random(count) < 0.55
    rows["distance_from_home_km"] = rng.lognormal(5.6, 1.5, count)
    rows["merchant_risk_score"] = rng.beta(2.6, 4.6, count)
    rows["transactions_last_24h"] = rng.poisson(3.4, count)
    rows["is_online"] = rng.random(count) < 0.12
    rows["declined_last_week"] = rng.poisson(0.5, count)
    return rows


def table(columns):
    """Columns by name as a float64 table in the order of FEATURES, rounded."""
    return np.column_stack([np.round(columns[name].astype(np.float64), decimals) for name, decimals in FEATURES])


def transactions(rng):
    """ROWS transactions in random order with their labels. One fraud in ten looks like any other purchase."""
    fraud_rows = round(ROWS * FRAUD_RATE)
    numbers, cards = round(fraud_rows * 0.55), round(fraud_rows * 0.35)
    hidden = fraud_rows - numbers - cards
    x = np.vstack(
        [
            table(everyday(rng, ROWS - fraud_rows)),
            table(stolen_number(rng, numbers)),
            table(stolen_card(rng, cards)),
            table(everyday(rng, hidden)),
        ]
    )
    y = np.repeat([0, 1], [ROWS - fraud_rows, fraud_rows])
    order = rng.permutation(ROWS)
    return x[order], y[order]


def write_csv(path, x):
    lines = [",".join(NAMES)]
    for row in x:
        lines.append(",".join(f"{value:.{decimals}f}" for value, (_, decimals) in zip(row, FEATURES)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def readable_json(value, indent=""):
    """JSON with rows of numbers side by side, as the repository's formatter likes them; numbers keep all their digits."""
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {readable_json(item, inner)}" for key, item in value.items()]
    elif isinstance(value, list) and isinstance(value[0], (int, float)):
        numbers = ", ".join(json.dumps(number).replace("e-0", "e-") for number in value)
        if len(indent) + len(numbers) < 90:
            return f"[{numbers}]"
        lines = textwrap.wrap(numbers, 120, initial_indent=inner, subsequent_indent=inner, break_on_hyphens=False)
        return "[\n" + "\n".join(lines) + f"\n{indent}]"
    elif isinstance(value, list):
        items = [readable_json(item, inner) for item in value]
    else:
        return json.dumps(value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(inner + item for item in items) + f"\n{indent}{closing}"


def main():
    x, y = transactions(np.random.default_rng(SEED))
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, stratify=y, random_state=SEED)

    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, tol=1e-8, max_iter=1_000))
    pipeline.fit(x_train, y_train)
    scores = pipeline.predict_proba(x_test)[:, 1]
    auc = roc_auc_score(y_test, scores)
    precision = average_precision_score(y_test, scores)
    print(f"{len(x_train)} rows to train, {len(x_test)} held out, {y.mean():.2%} of them fraud")
    print(f"held out: AUC {auc:.4f}, average precision {precision:.4f}")

    scaler, model = pipeline.named_steps["standardscaler"], pipeline.named_steps["logisticregression"]
    examples = np.array(EXAMPLES, dtype=np.float64)
    for row, (_, fraud) in zip(EXAMPLES, pipeline.predict_proba(examples)):
        print(f"  {fraud:8.4%}  {row}")
    document = {
        "description": "Probability that a card transaction is fraud. Trained on synthetic transactions.",
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "heldOut": {"rows": len(x_test), "fraudRows": int(y_test.sum()), "auc": auc, "averagePrecision": precision},
        "features": NAMES,
        "classes": model.classes_.tolist(),
        "means": scaler.mean_.tolist(),
        "scales": scaler.scale_.tolist(),
        "coefficients": model.coef_[0].tolist(),
        "intercept": float(model.intercept_[0]),
        "expected": {
            "X": examples.tolist(),
            "predict": pipeline.predict(examples).tolist(),
            "predict_proba": pipeline.predict_proba(examples).tolist(),
        },
    }
    (HERE / "coefficients.json").write_text(readable_json(document) + "\n", encoding="utf-8", newline="\n")
    write_csv(HERE / "transactions.csv", x_test[:CSV_ROWS])


if __name__ == "__main__":
    main()
