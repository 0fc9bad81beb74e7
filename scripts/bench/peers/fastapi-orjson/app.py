"""A model behind FastAPI and ONNX Runtime without types: the body read and the answer written by orjson."""

import orjson
from fastapi import FastAPI, HTTPException, Request, Response
from onnx_model import DATATYPES, NAME, ROUTE, OnnxModel

model = OnnxModel()
app = FastAPI()


@app.post(ROUTE)
async def infer(request: Request) -> Response:
    try:
        inputs = orjson.loads(await request.body())["inputs"]
        arrays = {given["name"]: model.array(given["name"], given["data"], given["shape"]) for given in inputs}
    except (ValueError, KeyError, TypeError) as error:
        raise HTTPException(400, str(error)) from error
    outputs = [
        {"name": name, "datatype": DATATYPES[array.dtype], "shape": array.shape, "data": array.ravel()}
        for name, array in model.run(arrays).items()
    ]
    answer = {"model_name": NAME, "model_version": "1", "outputs": outputs}
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")
