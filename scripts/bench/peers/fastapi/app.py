"""A model behind FastAPI and ONNX Runtime, as people write it: typed body in, typed body out."""

from fastapi import FastAPI, HTTPException
from onnx_model import NAME, ROUTE, OnnxModel
from pydantic import BaseModel

model = OnnxModel()
app = FastAPI()


class InputTensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class InferRequest(BaseModel):
    id: str | None = None
    inputs: list[InputTensor]


class OutputTensor(BaseModel):
    name: str
    datatype: str
    shape: list[int]
    data: list[float] | list[int]


class InferResponse(BaseModel):
    model_name: str
    model_version: str
    outputs: list[OutputTensor]


@app.post(ROUTE)
async def infer(request: InferRequest) -> InferResponse:
    try:
        arrays = {given.name: model.array(given.name, given.data, given.shape) for given in request.inputs}
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    outputs = [
        OutputTensor(
            name=name,
            datatype="INT64" if array.dtype.kind == "i" else "FP64" if array.dtype.itemsize == 8 else "FP32",
            shape=array.shape,
            data=array.ravel().tolist(),
        )
        for name, array in model.run(arrays).items()
    ]
    return InferResponse(model_name=NAME, model_version="1", outputs=outputs)
