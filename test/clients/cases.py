"""Cases of one client against a running server: each returns the rows that it was answered, or nothing, or fails.

A script's only argument is JSON of where the server is and what to ask. It prints one line of JSON for each case.
"""

import asyncio
import inspect
import json
import sys
import traceback

STAGE = json.loads(sys.argv[1])
CASES = {}


def case(name):
    def keep(function):
        CASES[name] = function
        return function

    return keep


def rows_of(labels, probabilities):
    """Answers of the fraud model as the test compares them: label and two probabilities for each row."""
    return [[int(label), *map(float, pair)] for label, pair in zip(labels, probabilities, strict=True)]


def refuses(words, call):
    """The call fails with these words in its error."""
    try:
        call()
    except Exception as error:
        assert words in str(error), f"no {words!r} in: {error}"
        return error
    raise AssertionError(f"no error with {words!r}")


def run():
    for name, function in CASES.items():
        try:
            answer = function()
            if inspect.isawaitable(answer):
                answer = asyncio.run(answer)
            result = {"case": name, "rows": answer}
        except BaseException:
            result = {"case": name, "failure": traceback.format_exc()}
        print(json.dumps(result), flush=True)
