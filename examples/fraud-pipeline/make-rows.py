"""Writes the rows of this example, and what scikit-learn itself answers to them.

- transactions.csv: 1,000 synthetic transactions by column name, some with values missing or never seen in training
- answers.json: the pipeline's own `predict` and `predict_proba` for them, with every digit

The same bytes on every run with the versions in requirements.txt. This loads fraud.joblib in Python, which Slipway never does.
"""

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
SEED = 20_261
ROWS = 1_000

# Share of each. The model was not trained with CA: to its encoder that is no country.
COUNTRIES = {"US": 0.4, "GB": 0.2, "DE": 0.14, "FR": 0.1, "BR": 0.09, "NG": 0.05, "CA": 0.02}

# The one that the README asks about comes first: a large purchase at three at night, on a new account.
FIRST = {
    "amount": 950.0,
    "hour": 3,
    "country": "BR",
    "device": "web",
    "account_age_days": 4.0,
    "failed_tries": 3,
    "foreign": 1,
}


def transactions(rng):
    rows = pd.DataFrame(
        {
            "amount": rng.lognormal(3.5, 1.3, ROWS).round(2),
            "hour": rng.integers(0, 24, ROWS),
            "country": rng.choice(list(COUNTRIES), ROWS, p=list(COUNTRIES.values())),
            "device": rng.choice(["web", "ios", "android"], ROWS, p=[0.4, 0.3, 0.3]),
            "account_age_days": rng.gamma(1.8, 220, ROWS).round(1),
            "failed_tries": rng.poisson(0.3, ROWS),
            "foreign": (rng.random(ROWS) < 0.08).astype(int),
        }
    )
    for name, share in {"amount": 0.02, "account_age_days": 0.06}.items():
        rows.loc[rng.random(ROWS) < share, name] = np.nan
    rows.loc[rng.random(ROWS) < 0.05, "device"] = None
    rows.loc[0] = FIRST
    return rows


def main():
    transactions(np.random.default_rng(SEED)).to_csv(HERE / "transactions.csv", index=False, lineterminator="\n")
    # answers are given to what the file says, not to what was written
    rows = pd.read_csv(HERE / "transactions.csv")
    pipeline = joblib.load(HERE / "fraud.joblib")
    answers = {name: getattr(pipeline, name)(rows).tolist() for name in ("predict", "predict_proba")}
    (HERE / "answers.json").write_text(json.dumps(answers) + "\n", encoding="utf-8", newline="\n")
    print(f"{len(rows)} rows, {rows.isna().sum().sum()} values missing, {sum(answers['predict'])} called fraud")


if __name__ == "__main__":
    main()
