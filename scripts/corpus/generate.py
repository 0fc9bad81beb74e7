"""Trains and writes every case of the corpus with the libraries of this environment: generate.py FOLDER [FILTER]."""

import importlib
import json
import platform
import shutil
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import corpus
import sklearn

MODULES = (
    "linear",
    "trees",
    "vectors",
    "bayes",
    "preparing",
    "reducing",
    "text",
    "composing",
    "meta",
    "boosters",
    "sampling",
    "files",
    "edges",
)


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def remove_others(target, names):
    """Removes what an earlier run made and this one did not."""
    for folder in Path(target).iterdir():
        if folder.is_dir() and folder.name not in names:
            shutil.rmtree(folder)


def main(target, text=""):
    libs = {name: installed(name) for name in ("numpy", "scipy", "pandas", "joblib", "xgboost", "lightgbm", "imbalanced-learn")}
    libs = {"sklearn": sklearn.__version__, **libs, "python": platform.python_version()}
    for module in MODULES:
        importlib.import_module(f"models.{module}")
    Path(target).mkdir(parents=True, exist_ok=True)
    started, failures, made = time.time(), {}, set()
    for case in corpus.CASES:
        if text not in f"{case.family}/{case.name}":
            continue
        try:
            corpus.write(case, target, libs)
            made.add(case.name)
        except Exception as error:
            failures[case.name] = f"{type(error).__name__}: {error}"[:300].replace("\n", " ")
    if text == "":
        remove_others(target, made)
        Path(target, "not-trained.json").write_text(json.dumps(failures, indent=2))
    seconds = round(time.time() - started)
    print(
        f"scikit-learn {sklearn.__version__}: {len(made)} cases made, {len(failures)} not, in {seconds} s", flush=True
    )
    if text != "":
        for name, reason in failures.items():
            print(f"  {name}: {reason}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
