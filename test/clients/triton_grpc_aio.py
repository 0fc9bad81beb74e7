"""tritonclient.grpc.aio: the asynchronous client, over grpcio."""

import asyncio

import numpy as np
import tritonclient.grpc.aio as triton
from cases import STAGE, case, rows_of, run

X = np.array(STAGE["rows"])


def rows(result):
    return rows_of(result.as_numpy("predict"), result.as_numpy("predict_proba"))


def request(x, at=0):
    given = triton.InferInput("X", list(x.shape), "FP64").set_data_from_numpy(x)
    return {"model_name": "fraud", "inputs": [given], "request_id": str(at)}


@case("asks and is answered in raw bytes")
async def _():
    async with triton.InferenceServerClient(STAGE["grpc"]) as client:
        return rows(await client.infer(**request(X)))


@case("compresses messages by gzip")
async def _():
    async with triton.InferenceServerClient(STAGE["grpc"]) as client:
        return rows(await client.infer(**request(X), compression_algorithm="gzip"))


@case("asks many things at the same time on one connection")
async def _():
    async with triton.InferenceServerClient(STAGE["grpc"]) as client:
        calls = [client.infer(**request(row.reshape(1, -1), at)) for at, row in enumerate(X)]
        return [rows(result)[0] for result in await asyncio.gather(*calls)]


@case("streams requests, a bad one among them")
async def _():
    async def requests():
        for at, row in enumerate(X):
            yield request(row.reshape(1, -1), at)
            if at == 3:
                yield {**request(X, "bad"), "model_name": "nobody"}

    found, errors = {}, []
    async with triton.InferenceServerClient(STAGE["grpc"]) as client:
        async for result, error in client.stream_infer(requests()):
            if error is None:
                found[int(result.get_response().id)] = rows(result)[0]
            else:
                errors.append(str(error))
    assert len(errors) == 1 and "unknown model" in errors[0], errors
    return [found[at] for at in range(len(X))]


@case("reads metadata, configuration, statistics and the repository")
async def _():
    async with triton.InferenceServerClient(STAGE["grpc"]) as client:
        assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("fraud")
        assert (await client.get_server_metadata()).name == "slipway"
        assert (await client.get_model_metadata("fraud")).name == "fraud"
        assert (await client.get_model_config("fraud")).config.name == "fraud"
        assert (await client.get_inference_statistics("fraud")).model_stats[0].name == "fraud"
        assert [model.state for model in (await client.get_model_repository_index()).models] == ["READY"]


run()
