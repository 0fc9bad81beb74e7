"""The KServe SDK against an endpoint of the platform, with a key."""

import logging

import httpx
import numpy as np
from cases import STAGE, case, rows_of, run
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

logging.disable(logging.CRITICAL)
X = np.array(STAGE["rows"])
BEARER = {"Authorization": f"Bearer {STAGE['key']}"}


def rest(protocol):
    return InferenceRESTClient(RESTConfig(protocol=protocol, timeout=20))


def request():
    given = InferInput(name="X", shape=list(X.shape), datatype="FP64")
    given.set_data_from_numpy(X, binary_data=False)
    return InferRequest(model_name="fraud", infer_inputs=[given])


def rows(response):
    outputs = {output.name: output.as_numpy() for output in response.outputs}
    return rows_of(outputs["predict"], outputs["predict_proba"].reshape(-1, 2))


@case("V1")
async def _():
    answer = await rest("v1").infer(STAGE["url"], {"instances": STAGE["rows"]}, model_name="fraud", headers=BEARER)
    return [[row["predict"], *row["predict_proba"]] for row in answer["predictions"]]


@case("V2")
async def _():
    return rows(await rest("v2").infer(STAGE["url"], request(), model_name="fraud", headers=BEARER))


@case("gRPC")
async def _():
    async with InferenceGRPCClient(STAGE["grpc"]) as client:
        return rows(await client.infer(request(), headers=[("authorization", BEARER["Authorization"])]))


@case("is refused without a key")
async def _():
    try:
        await rest("v2").infer(STAGE["url"], request(), model_name="fraud")
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == 401, error
    else:
        raise AssertionError("it was answered")


run()
