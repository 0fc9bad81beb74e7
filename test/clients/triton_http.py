"""tritonclient.http: the sync client, over gevent."""

import gevent  # noqa: F401  (the client is built on it)
import numpy as np
import tritonclient.http as triton
from cases import STAGE, case, refuses, rows_of, run
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(STAGE["address"], concurrency=4)
X = np.array(STAGE["rows"])


def infer(x=X, *, binary_in=True, binary_out=True, outputs=("predict", "predict_proba"), **options):
    given = triton.InferInput("X", list(x.shape), "FP64").set_data_from_numpy(x, binary_data=binary_in)
    wanted = outputs and [triton.InferRequestedOutput(name, binary_data=binary_out) for name in outputs]
    return client.infer("fraud", [given], outputs=wanted, **options)


def rows(result):
    return rows_of(result.as_numpy("predict"), result.as_numpy("predict_proba"))


@case("asks in JSON and is answered in JSON")
def _():
    result = infer(binary_in=False, binary_out=False)
    assert "data" in result.get_output("predict_proba")
    return rows(result)


@case("asks in binary and is answered in binary")
def _():
    result = infer()
    assert result.get_output("predict_proba")["parameters"] == {"binary_data_size": X.shape[0] * 16}
    return rows(result)


@case("asks in binary and is answered in JSON")
def _():
    return rows(infer(binary_out=False))


@case("asks in JSON and is answered in binary")
def _():
    return rows(infer(binary_in=False))


@case("takes one output in binary and the other in JSON")
def _():
    given = triton.InferInput("X", list(X.shape), "FP64").set_data_from_numpy(X)
    wanted = [
        triton.InferRequestedOutput("predict", binary_data=False),
        triton.InferRequestedOutput("predict_proba", binary_data=True),
    ]
    result = client.infer("fraud", [given], outputs=wanted)
    assert "data" in result.get_output("predict") and "data" not in result.get_output("predict_proba")
    return rows(result)


@case("names no outputs and gets all")
def _():
    return rows(infer(outputs=None))


@case("names one output and gets only that")
def _():
    result = infer(outputs=("predict",))
    assert [output["name"] for output in result.get_response()["outputs"]] == ["predict"]


@case("compresses requests and answers by gzip")
def _():
    options = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
    assert rows(infer(**options)) == rows(infer(binary_in=False, binary_out=False, **options))
    return rows(infer(**options))


@case("compresses requests and answers by deflate")
def _():
    options = {"request_compression_algorithm": "deflate", "response_compression_algorithm": "deflate"}
    assert rows(infer(**options)) == rows(infer(binary_in=False, binary_out=False, **options))
    return rows(infer(**options))


@case("asks many things at the same time")
def _():
    waiting = []
    for row in X:
        given = triton.InferInput("X", [1, X.shape[1]], "FP64").set_data_from_numpy(row.reshape(1, -1))
        waiting.append(client.async_infer("fraud", [given]))
    return [rows(one.get_result())[0] for one in waiting]


@case("gets its request id back")
def _():
    result = infer(request_id="request-7")
    assert result.get_response()["id"] == "request-7"
    assert result.get_response()["model_name"] == "fraud"
    return rows(result)


@case("gives a priority and a time limit")
def _():
    return rows(infer(priority=1, timeout=5_000_000))


@case("gives parameters of its own")
def _():
    return rows(infer(parameters={"caller": "test", "depth": 3}))


@case("names the version as the metadata do")
def _():
    versions = client.get_model_metadata("fraud")["versions"]
    assert versions and all(client.is_model_ready("fraud", version) for version in versions)
    answers = [rows(infer(model_version=version)) for version in versions]
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


@case("asks for classes")
def _():
    given = triton.InferInput("X", list(X.shape), "FP64").set_data_from_numpy(X)
    wanted = [triton.InferRequestedOutput("predict_proba", class_count=2)]
    classes = client.infer("fraud", [given], outputs=wanted).as_numpy("predict_proba")
    numbers = infer().as_numpy("predict_proba")
    assert classes.shape == numbers.shape
    for texts, pair in zip(classes, numbers):
        values, indices = zip(*(text.decode().split(":")[:2] for text in texts))
        assert [int(index) for index in indices] == list(np.argsort(-pair)), (texts, pair)
        assert float(values[0]) >= float(values[1])


@case("is told that the server is live and ready")
def _():
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("fraud")
    assert not client.is_model_ready("nobody")


@case("reads the metadata of the server and of the model")
def _():
    server = client.get_server_metadata()
    assert {"binary_tensor_data", "classification", "model_repository", "statistics"} <= set(server["extensions"]), server
    model = client.get_model_metadata("fraud")
    assert model["inputs"] == [{"name": "X", "datatype": "FP64", "shape": [-1, 10]}], model
    assert [output["name"] for output in model["outputs"]] == ["predict", "predict_proba"]


@case("reads the model's configuration")
def _():
    config = client.get_model_config("fraud")
    assert config["name"] == "fraud"
    assert [(field["name"], field["data_type"]) for field in config["input"]] == [("X", "TYPE_FP64")], config
    # dims hold no rows where there is a most of rows
    assert [int(size) for size in config["input"][0]["dims"]] == ([10] if config["max_batch_size"] else [-1, 10]), config


@case("sees its requests in the statistics")
def _():
    def counts():
        [stats] = client.get_inference_statistics("fraud")["model_stats"]
        return int(stats["inference_count"]), int(stats["inference_stats"]["success"]["count"]), stats

    before, after = counts(), None
    for _ in range(6):
        infer()
    after = counts()
    assert after[0] - before[0] == 6 * len(X) and after[1] - before[1] == 6, (before, after)
    durations = {"success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"}
    assert set(after[2]["inference_stats"]) == durations
    assert len(client.get_inference_statistics()["model_stats"]) == 1


@case("reads and changes the log's settings")
def _():
    old = client.get_log_settings()
    assert isinstance(old["log_info"], bool), old
    assert client.update_log_settings({"log_verbose_level": 1})["log_verbose_level"] == 1
    assert client.update_log_settings({"log_verbose_level": old["log_verbose_level"]}) == old


@case("reads and changes the trace's settings")
def _():
    old = client.get_trace_settings()
    assert "trace_level" in old and "trace_rate" in old, old
    assert client.get_trace_settings("fraud")["trace_level"] == old["trace_level"]
    client.update_trace_settings(settings={"trace_rate": "7"})
    assert client.get_trace_settings()["trace_rate"] == "7"
    client.update_trace_settings(settings={"trace_rate": old["trace_rate"]})
    assert client.get_trace_settings() == old


@case("asks after shared memory, of which there is none")
def _():
    assert not client.get_system_shared_memory_status() and not client.get_cuda_shared_memory_status()
    client.unregister_system_shared_memory()
    client.unregister_cuda_shared_memory()
    refuses("shared memory", lambda: client.register_system_shared_memory("mine", "/mine", 64))


@case("is refused a wrong shape, datatype, name and model in words")
def _():
    refuses("X", lambda: infer(X[:, :3]))
    refuses("other", lambda: infer(outputs=("other",)))
    words = np.full(X.shape, b"1", dtype=object)
    given = triton.InferInput("X", list(X.shape), "BYTES").set_data_from_numpy(words)
    error = refuses("FP64", lambda: client.infer("fraud", [given]))
    assert isinstance(error, InferenceServerException) and error.status() == "400", error
    error = refuses("unknown model", lambda: client.get_model_metadata("nobody"))
    assert error.status() == "404", error


@case("unloads the model, is refused, loads it again")
def _():
    def state():
        return [(model["name"], model["state"]) for model in client.get_model_repository_index()]

    assert state() == [("fraud", "READY")]
    client.unload_model("fraud")
    try:
        assert state() == [("fraud", "UNAVAILABLE")], state()
        for _ in range(8):
            # each by a connection of its own, so that every runner is asked
            with triton.InferenceServerClient(STAGE["address"]) as other:
                assert not other.is_model_ready("fraud")
        refuses("fraud", infer)
    finally:
        client.load_model("fraud")
    for _ in range(8):
        with triton.InferenceServerClient(STAGE["address"]) as other:
            assert other.is_model_ready("fraud")
    assert state() == [("fraud", "READY")], state()
    refuses("failed to load", lambda: client.load_model("nobody"))
    return rows(infer())


run()
