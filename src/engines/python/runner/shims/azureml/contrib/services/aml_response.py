"""`AMLResponse`: an answer with a status of its own."""

import json


class AMLResponse:
    def __init__(self, message, status_code, response_headers=None, json_str=False, run_function_failed=False):
        self.status_code = int(status_code)
        self.headers = {"Content-Type": "application/json" if json_str else "text/html; charset=utf-8"}
        self.headers.update(response_headers or {})
        self._body = json.dumps(message) if json_str else message

    def get_data(self):
        return self._body if isinstance(self._body, bytes) else str(self._body).encode()
