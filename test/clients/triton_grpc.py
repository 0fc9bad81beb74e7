"""tritonclient.grpc: the sync client, over grpcio."""

import queue

import numpy as np
import tritonclient.grpc as triton
from cases import STAGE, case, refuses, rows_of, run

client = triton.InferenceServerClient(STAGE["grpc"])
X = np.array(STAGE["rows"])


def inputs(x=X):
    return [triton.InferInput("X", list(x.shape), "FP64").set_data_from_numpy(x)]


def infer(x=X, *, outputs=("predict", "predict_proba"), **options):
    wanted = outputs and [triton.InferRequestedOutput(name) for name in outputs]
    return client.infer("fraud", inputs(x), outputs=wanted, **options)


def rows(result):
    return rows_of(result.as_numpy("predict"), result.as_numpy("predict_proba"))


@case("asks and is answered in raw bytes")
def _():
    result = infer()
    assert len(result.get_response().raw_output_contents) == 2
    return rows(result)


@case("names no outputs and gets all")
def _():
    return rows(infer(outputs=None))


@case("compresses messages by gzip")
def _():
    return rows(infer(compression_algorithm="gzip"))


@case("compresses messages by deflate")
def _():
    return rows(infer(compression_algorithm="deflate"))


@case("asks many things at the same time")
def _():
    answers = queue.Queue()
    for at, row in enumerate(X):
        given = inputs(row.reshape(1, -1))
        client.async_infer("fraud", given, lambda result, error: answers.put((result, error)), request_id=str(at))
    found = {}
    for _ in X:
        result, error = answers.get(timeout=20)
        assert error is None, error
        found[int(result.get_response().id)] = rows(result)[0]
    return [found[at] for at in range(len(X))]


@case("streams requests, a bad one among them")
def _():
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for at, row in enumerate(X):
        client.async_stream_infer("fraud", inputs(row.reshape(1, -1)), request_id=str(at))
        if at == 3:
            client.async_stream_infer("nobody", inputs(), request_id="bad")
    found, errors = {}, []
    for _ in range(len(X) + 1):
        result, error = answers.get(timeout=20)
        if error is not None:
            errors.append(str(error))
        else:
            found[int(result.get_response().id)] = rows(result)[0]
    client.stop_stream()
    assert len(errors) == 1 and "unknown model" in errors[0], errors
    return [found[at] for at in range(len(X))]


@case("leaves a stream in the middle")
def _():
    client.start_stream(lambda result, error: None)
    for row in X:
        client.async_stream_infer("fraud", inputs(row.reshape(1, -1)))
    client.stop_stream(cancel_requests=True)
    return rows(infer())


@case("gets its request id back")
def _():
    response = infer(request_id="request-7").get_response()
    assert (response.id, response.model_name) == ("request-7", "fraud")


@case("gives a priority, time limits and parameters of its own")
def _():
    return rows(infer(priority=1, timeout=5_000_000, client_timeout=20, parameters={"caller": "test", "depth": 3}))


@case("names the version as the metadata do")
def _():
    versions = client.get_model_metadata("fraud").versions
    assert versions and all(client.is_model_ready("fraud", version) for version in versions)
    answers = [rows(infer(model_version=version)) for version in versions]
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


@case("asks for classes")
def _():
    wanted = [triton.InferRequestedOutput("predict_proba", class_count=1)]
    classes = client.infer("fraud", inputs(), outputs=wanted).as_numpy("predict_proba")
    labels = infer().as_numpy("predict")
    assert [int(text.decode().split(":")[1]) for [text] in classes] == list(labels)


@case("is told that the server is live and ready")
def _():
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("fraud")
    assert not client.is_model_ready("nobody") and not client.is_model_ready("fraud", "9")


@case("reads the metadata of the server and of the model")
def _():
    assert {"model_repository", "statistics"} <= set(client.get_server_metadata().extensions)
    model = client.get_model_metadata("fraud", as_json=True)
    assert model["inputs"] == [{"name": "X", "datatype": "FP64", "shape": ["-1", "10"]}], model


@case("reads the model's configuration")
def _():
    config = client.get_model_config("fraud").config
    assert (config.name, config.input[0].name, config.input[0].data_type) == ("fraud", "X", 12), config
    assert list(config.input[0].dims) == ([10] if config.max_batch_size else [-1, 10]), config


@case("sees its requests in the statistics")
def _():
    def count():
        return client.get_inference_statistics("fraud").model_stats[0].inference_count

    before = count()
    for _ in range(6):
        infer()
    assert count() - before == 6 * len(X)


@case("reads and changes the settings of the log and of the trace")
def _():
    level = client.get_log_settings().settings["log_verbose_level"].uint32_param
    assert client.update_log_settings({"log_verbose_level": 1}).settings["log_verbose_level"].uint32_param == 1
    client.update_log_settings({"log_verbose_level": level})
    rate = list(client.get_trace_settings().settings["trace_rate"].value)
    assert list(client.update_trace_settings(settings={"trace_rate": "7"}).settings["trace_rate"].value) == ["7"]
    assert list(client.update_trace_settings(settings={"trace_rate": rate[0]}).settings["trace_rate"].value) == rate


@case("asks after shared memory, of which there is none")
def _():
    assert not client.get_system_shared_memory_status().regions and not client.get_cuda_shared_memory_status().regions
    client.unregister_system_shared_memory()
    client.unregister_cuda_shared_memory()
    refuses("shared memory", lambda: client.register_system_shared_memory("mine", "/mine", 64))


@case("is refused a wrong shape, output and model in words")
def _():
    assert "INVALID_ARGUMENT" in str(refuses("X", lambda: infer(X[:, :3])))
    refuses("other", lambda: infer(outputs=("other",)))
    assert "NOT_FOUND" in str(refuses("unknown model", lambda: client.get_model_metadata("nobody")))


@case("sends more than 4 MiB in a message")
def _():
    x = np.tile(X, (60_000 // len(X), 1))
    assert x.nbytes > 4 << 20
    return rows(infer(x))[: len(X)]


@case("unloads the model, is refused, loads it again")
def _():
    def states():
        return [model.state for model in client.get_model_repository_index().models]

    client.unload_model("fraud")
    try:
        assert states() == ["UNAVAILABLE"], states()
        refuses("fraud", infer)
    finally:
        client.load_model("fraud")
    assert states() == ["READY"], states()
    return rows(infer())


run()
