"""tritonclient over HTTP and gRPC with text, half floats, long integers, and two inputs of unlike forms."""

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from cases import STAGE, case, run

by_http = http.InferenceServerClient(STAGE["address"])
by_grpc = grpc.InferenceServerClient(STAGE["grpc"])
WORDS = ["plain", "", "Zürich", "日本語", '"quoted"\n\\', "\U0001f6a2", "nul\x00inside"]
BYTES = np.array([word.encode() for word in WORDS] + [b"\xff\x00\xfe"], dtype=object)


def ask(words, is_binary=True, **output):
    given = http.InferInput("word", [len(words)], "BYTES").set_data_from_numpy(words, binary_data=is_binary)
    return by_http.infer("text", [given], outputs=[http.InferRequestedOutput("again", **output)])


@case("HTTP and gRPC: the server is called what clients look for")
def _():
    assert by_http.get_server_metadata()["name"] == by_grpc.get_server_metadata().name == "triton"


@case("HTTP: text comes back in binary, whatever its bytes")
def _():
    assert list(ask(BYTES).as_numpy("again")) == list(BYTES)


@case("HTTP: text comes back in JSON")
def _():
    words = np.array(WORDS, dtype=object)
    answer = ask(words, is_binary=False, binary_data=False)
    assert answer.get_output("again")["data"] == WORDS
    assert list(ask(words, is_binary=False).as_numpy("again")) == [word.encode() for word in WORDS]


@case("gRPC: text comes back, whatever its bytes")
def _():
    given = grpc.InferInput("word", [len(BYTES)], "BYTES").set_data_from_numpy(BYTES)
    assert list(by_grpc.infer("text", [given]).as_numpy("again")) == list(BYTES)


@case("HTTP: no text at all is an answer too")
def _():
    assert list(ask(BYTES[:0]).as_numpy("again")) == []


@case("HTTP: one input in JSON and the other in binary")
def _():
    a, b = np.arange(4, dtype=np.float32), np.full(4, 0.5, dtype=np.float32)
    inputs = [
        http.InferInput("a", [4], "FP32").set_data_from_numpy(a, binary_data=False),
        http.InferInput("b", [4], "FP32").set_data_from_numpy(b, binary_data=True),
    ]
    assert list(by_http.infer("two", inputs).as_numpy("y")) == list(a + b)


@case("HTTP and gRPC: half floats go in and out in binary")
def _():
    x = np.array([1.5, -2.25, 65504, 6e-8], dtype=np.float16)
    for triton, client in ((http, by_http), (grpc, by_grpc)):
        given = triton.InferInput("x", list(x.shape), "FP16").set_data_from_numpy(x)
        y = client.infer("half", [given]).as_numpy("y")
        assert y.dtype == np.float16 and (y == x).all(), y


@case("HTTP and gRPC: integers beyond 2^53 stay exact")
def _():
    x = np.array([2**53 + 1, -(2**63), 2**63 - 1])
    for is_binary in (True, False):
        given = http.InferInput("x", [3], "INT64").set_data_from_numpy(x, binary_data=is_binary)
        wanted = [http.InferRequestedOutput("y", binary_data=is_binary)]
        assert list(by_http.infer("whole", [given], outputs=wanted).as_numpy("y")) == list(x)
    given = grpc.InferInput("x", [3], "INT64").set_data_from_numpy(x)
    assert list(by_grpc.infer("whole", [given]).as_numpy("y")) == list(x)


@case("a model of several is unloaded and loaded by itself")
def _():
    by_http.unload_model("two")
    states = {model["name"]: model["state"] for model in by_http.get_model_repository_index()}
    assert states == {"half": "READY", "text": "READY", "two": "UNAVAILABLE", "whole": "READY"}, states
    by_grpc.load_model("two")
    assert {model.state for model in by_grpc.get_model_repository_index().models} == {"READY"}


run()
