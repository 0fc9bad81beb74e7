"""Answers every request with its own tensors, for the test of the wire: `python -I python-echo.py`."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/engines/python/runner"))
from slipway_runner import wire

channel = socket.socket(fileno=3)
while True:
    request = wire.read_request(channel)
    if request is None:
        sys.exit(0)
    if request.operation == "fail":
        wire.write_failure(channel, request.id, '{"code": "internal", "message": "on demand", "details": {}}')
        continue
    if request.operation == "arrays":
        from slipway_runner.arrays import from_array, to_array

        request.tensors = {
            name: tensor if tensor.datatype in ("BF16", "BYTES") else from_array(to_array(tensor))
            for name, tensor in request.tensors.items()
        }
    wire.write_answer(channel, request.id, request.tensors)
