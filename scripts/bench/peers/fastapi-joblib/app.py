"""A scikit-learn model behind FastAPI, as people write it: the file loaded by joblib, typed body in, typed body out."""

import os

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(os.environ["MODEL_FILE"])
app = FastAPI()


class Rows(BaseModel):
    instances: list[list[float]]


class Predictions(BaseModel):
    predictions: list[str]


@app.post("/v1/models/{name}:predict")
async def predict(name: str, rows: Rows) -> Predictions:
    return Predictions(predictions=model.predict(np.array(rows.instances)).tolist())
