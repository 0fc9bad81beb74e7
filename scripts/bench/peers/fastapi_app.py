"""The fraud model behind FastAPI and ONNX Runtime, as people write it: typed body in, typed body out."""

import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(os.environ["FRAUD_MODEL"], options, providers=["CPUExecutionProvider"])

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


@app.post("/v2/models/fraud/infer")
async def infer(request: InferRequest) -> InferResponse:
    given = {tensor.name: tensor for tensor in request.inputs}
    if "X" not in given:
        raise HTTPException(400, "the input X is missing")
    x = given["X"]
    try:
        rows = np.array(x.data, dtype=np.float64).reshape(x.shape)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    labels, probabilities = session.run(["predict", "predict_proba"], {"X": rows})
    return InferResponse(
        model_name="fraud",
        model_version="1",
        outputs=[
            OutputTensor(name="predict", datatype="INT64", shape=labels.shape, data=labels.tolist()),
            OutputTensor(
                name="predict_proba",
                datatype="FP64",
                shape=probabilities.shape,
                data=probabilities.ravel().tolist(),
            ),
        ],
    )
