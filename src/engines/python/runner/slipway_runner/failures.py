"""What went wrong, for the caller: one line without paths. The whole traceback goes to the log."""

import json
import os
import re
import sys
import traceback

MAX_LINE = 500


class Refusal(Exception):
    """A failure with a code of ours, and a message that is fit for the caller."""

    def __init__(self, code, message, reason=None, **details):
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details, **({"reason": reason} if reason else {}))

    def document(self):
        return json.dumps({"code": self.code, "message": self.message, "details": self.details})


def failure_of(error, what, root, code="internal"):
    """The failure that an exception of the user's code becomes. `what` names the step: `predict_fn`, `loading`."""
    if isinstance(error, Refusal):
        return error
    trace = "".join(traceback.format_exception(type(error), error, _without_ours(error.__traceback__)))
    # each line is marked: what it holds may be what the caller had sent
    sys.stderr.write("".join("\x1e%s\n" % line for line in trace.split("\n") if line))
    sys.stderr.flush()
    return Refusal(code, "%s failed: %s%s" % (what, last_line(error), _place(error, root)), "code_failed")


def last_line(error):
    """An exception as the last line of its traceback has it, short and without paths; of several lines the first and the last."""
    try:
        text = "".join(traceback.format_exception_only(type(error), error))
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        is_of_code = isinstance(error, SyntaxError)  # its first lines are those of a file
        text = lines[-1] if is_of_code or len(lines) == 1 else "%s … %s" % (lines[0][: MAX_LINE // 2], lines[-1])
    except Exception:  # an exception whose text fails
        text = type(error).__name__
    return without_paths(text)[:MAX_LINE]


def without_paths(text):
    """Of absolute paths only the last part stays."""
    return re.sub(r"(?<![\w/])(?:/[^\s/'\":,;()<>]+)+/([^\s/'\":,;()<>]*)", r"\1", text)


def _without_ours(trace):
    """A traceback from where it leaves the runner."""
    own = os.path.dirname(os.path.abspath(__file__))
    at = trace
    while at is not None and os.path.abspath(at.tb_frame.f_code.co_filename).startswith(own + os.sep):
        at = at.tb_next
    return at or trace


def is_of_code(error, root):
    """Whether an exception came out of the user's own code."""
    return _place(error, root) != ""


def _place(error, root):
    """Where in the user's own code it happened."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = os.path.abspath(frame.f_code.co_filename)
        if path.startswith(root + os.sep):
            found = "%s, line %d, in %s" % (os.path.relpath(path, root), line, frame.f_code.co_name)
    return "" if found is None else " (%s)" % found
