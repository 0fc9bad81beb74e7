"""The KServe SDK's clients: V1 and V2 over REST, V2 over gRPC."""

import json
import logging

import httpx
import numpy as np
from cases import STAGE, case, rows_of, run
from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent, from_http
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

logging.disable(logging.CRITICAL)
X = np.array(STAGE["rows"])


def rest(protocol):
    """A client of its own for each case, as each has an event loop of its own."""
    return InferenceRESTClient(RESTConfig(protocol=protocol, timeout=20))


def json_of(data):
    return data if isinstance(data, dict) else json.loads(data)


def request(is_binary=False):
    given = InferInput(name="X", shape=list(X.shape), datatype="FP64")
    given.set_data_from_numpy(X, binary_data=is_binary)
    return InferRequest(model_name="fraud", infer_inputs=[given], request_id="request-7")


def rows(response):
    outputs = {output.name: output.as_numpy() for output in response.outputs}
    return rows_of(outputs["predict"], outputs["predict_proba"].reshape(-1, 2))


@case("V1: sends instances as lists")
async def _():
    answer = await rest("v1").infer(STAGE["url"], {"instances": STAGE["rows"]}, model_name="fraud")
    return [[row["predict"], *row["predict_proba"]] for row in answer["predictions"]]


@case("V1: sends instances by column")
async def _():
    instances = [dict(zip(STAGE["columns"], row)) for row in STAGE["rows"]]
    answer = await rest("v1").infer(STAGE["url"], {"instances": instances}, model_name="fraud")
    return [[row["predict"], *row["predict_proba"]] for row in answer["predictions"]]


@case("V1: sends an event, as Knative's brokers do")
def _():
    event = CloudEvent({"type": "test.rows", "source": "here", "id": "1"}, {"instances": STAGE["rows"]})
    headers, body = to_binary(event)
    answer = httpx.post(f"{STAGE['url']}/v1/models/fraud:predict", headers=headers, content=body)
    data = from_http(answer.headers, answer.content).data
    return [[row["predict"], *row["predict_proba"]] for row in json_of(data)["predictions"]]


@case("V1: is told that the model is ready, and that another is not known")
async def _():
    assert await rest("v1").is_model_ready(STAGE["url"], "fraud") is True
    try:
        await rest("v1").is_model_ready(STAGE["url"], "nobody")
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == 404
    else:
        raise AssertionError("a model that is not known is ready")


@case("V2: asks in JSON")
async def _():
    response = await rest("v2").infer(STAGE["url"], request(), model_name="fraud")
    assert response.id == "request-7"
    return rows(response)


@case("V2: asks in binary")
async def _():
    return rows(await rest("v2").infer(STAGE["url"], request(is_binary=True), model_name="fraud"))


@case("V2: is told that the server and the model are ready")
async def _():
    assert await rest("v2").is_server_live(STAGE["url"]) and await rest("v2").is_server_ready(STAGE["url"])
    assert await rest("v2").is_model_ready(STAGE["url"], "fraud")


@case("gRPC: asks in typed contents")
async def _():
    async with InferenceGRPCClient(STAGE["grpc"]) as client:
        return rows(await client.infer(request()))


@case("gRPC: asks in raw bytes")
async def _():
    async with InferenceGRPCClient(STAGE["grpc"]) as client:
        return rows(await client.infer(request(is_binary=True)))


@case("gRPC: is told that the server and the model are ready")
async def _():
    async with InferenceGRPCClient(STAGE["grpc"]) as client:
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("fraud") and not await client.is_model_ready("nobody")


run()
