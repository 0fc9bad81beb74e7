"""Bodies as arrays and back, where the user's code leaves that to its platform: JSON, CSV and npy."""

import io
import json

from .arrays import need_numpy
from .failures import Refusal, last_line
from .raw import media_type

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
LINES = ("application/jsonlines", "application/x-jsonlines", "application/jsonl", "application/x-ndjson")


def decode(body, content_type):
    """An array of a body. @see sagemaker-inference-toolkit, "Default decoder"."""
    np = need_numpy()
    kind = media_type(content_type)
    if kind not in (JSON, CSV, NPY) + LINES:
        raise Refusal(
            "unsupported",
            "the content-type %s is not taken; send %s, %s or %s" % (kind[:80], JSON, CSV, NPY),
            "content_type",
        )
    try:
        return _read(np, body, kind)
    except Refusal:
        raise
    except Exception as error:  # all that is done here is reading it
        raise Refusal("invalid_argument", "the body cannot be read as %s: %s" % (kind, last_line(error)))


def _read(np, body, kind):
    if kind == NPY:
        array = np.load(io.BytesIO(body), allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise Refusal("invalid_argument", "the body is an archive of arrays; %s is one array" % NPY)
        return array
    if kind == JSON:
        return np.array(json.loads(body.decode()))
    if kind in LINES:
        return np.array([json.loads(line) for line in body.decode().splitlines() if line.strip()])
    text = body.decode()
    if not text.strip():
        raise Refusal("invalid_argument", "the body is empty; rows of CSV are taken")
    array = np.genfromtxt(io.StringIO(text), dtype=float, delimiter=",")
    if np.isnan(array).any():
        _refuse_words(text)
    return array


# What stands for a number that is missing.
_MISSING = ("", "nan", "+nan", "-nan", "na", "n/a", "null", "none")


def _refuse_words(text):
    """Numpy reads whatever is no number as one that is missing: a header, a category, a number in quotes."""
    rows = (line.split("#")[0] for line in text.splitlines())
    for row, line in enumerate((line for line in rows if line.strip()), 1):
        for column, word in enumerate(line.split(","), 1):
            if word.strip().lower() in _MISSING:
                continue
            try:
                float(word)
            except ValueError:
                raise Refusal(
                    "invalid_argument",
                    "row %d, column %d of the body is %s, and no number: send numbers without a header, or write input_fn"
                    % (row, column, json.dumps(word[:60])),
                )


def encode(prediction, accept):
    """The body of an array, or of what JSON can hold, and its media type."""
    kind = accepted(accept, (JSON, CSV, NPY) + LINES)
    if kind == JSON:
        return to_json(prediction), kind
    np = need_numpy()
    values = np.asarray(_plain(prediction))
    if kind == NPY:
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        return buffer.getvalue(), kind
    rows = values.reshape(len(values), -1).tolist() if values.ndim else [[values.item()]]
    if kind == CSV:
        import csv

        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue(), kind
    return "".join(to_json(row[0] if values.ndim < 2 else row) + "\n" for row in rows), kind


def accepted(accept, known):
    """The first media type of an accept header that is known; the first of those where it leaves the choice."""
    ranges = [media_type(each, "*/*") for each in accept.split(",")] if accept.strip() else ["*/*"]
    for kind in ranges:
        if kind == "*/*":
            return known[0]
        for each in known:
            if kind == each or kind == each.split("/")[0] + "/*":
                return each
    raise Refusal("unsupported", "accept is %s; the answer can be %s" % (accept[:80], ", ".join(known[:3])), "accept")


def to_json(value):
    return json.dumps(value, default=_jsonable)


def _plain(value):
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    if hasattr(value, "toarray"):
        return value.toarray()
    return value


def _jsonable(value):
    """What JSON does not know itself: arrays and scalars of numpy, frames and series of pandas, tensors of torch."""
    value = _plain(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "to_dict"):
        return value.to_dict(orient="records") if hasattr(value, "columns") else value.to_dict()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError("%s is no value that JSON can hold" % type(value).__name__)
