"""tritonclient.http.aio: the asynchronous client, over aiohttp."""

import asyncio

import numpy as np
import tritonclient.http.aio as triton
from cases import STAGE, case, rows_of, run

X = np.array(STAGE["rows"])


def rows(result):
    return rows_of(result.as_numpy("predict"), result.as_numpy("predict_proba"))


async def infer(x=X, *, binary_in=True, binary_out=True, **options):
    async with triton.InferenceServerClient(STAGE["address"]) as client:
        given = triton.InferInput("X", list(x.shape), "FP64").set_data_from_numpy(x, binary_data=binary_in)
        wanted = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in ("predict", "predict_proba")]
        return await client.infer("fraud", [given], outputs=wanted, **options)


@case("asks in JSON and is answered in JSON")
async def _():
    return rows(await infer(binary_in=False, binary_out=False))


@case("asks in binary and is answered in binary")
async def _():
    return rows(await infer())


@case("compresses requests and answers by gzip")
async def _():
    return rows(await infer(request_compression_algorithm="gzip", response_compression_algorithm="gzip"))


@case("compresses requests and answers by deflate")
async def _():
    return rows(await infer(request_compression_algorithm="deflate", response_compression_algorithm="deflate"))


@case("asks many things at the same time")
async def _():
    results = await asyncio.gather(*(infer(row.reshape(1, -1), request_id=str(at)) for at, row in enumerate(X)))
    assert [result.get_response()["id"] for result in results] == [str(at) for at in range(len(X))]
    return [rows(result)[0] for result in results]


@case("reads metadata, configuration, statistics and the repository")
async def _():
    async with triton.InferenceServerClient(STAGE["address"]) as client:
        assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("fraud")
        assert (await client.get_server_metadata())["name"] == "slipway"
        assert (await client.get_model_metadata("fraud"))["name"] == "fraud"
        assert (await client.get_model_config("fraud"))["name"] == "fraud"
        assert (await client.get_inference_statistics("fraud"))["model_stats"][0]["name"] == "fraud"
        assert [model["state"] for model in await client.get_model_repository_index()] == ["READY"]
        assert "log_info" in await client.get_log_settings()
        assert "trace_level" in await client.get_trace_settings()


@case("loads a model that is loaded already")
async def _():
    async with triton.InferenceServerClient(STAGE["address"]) as client:
        await client.load_model("fraud")
    return rows(await infer())


run()
