"""A model behind BentoML: one worker, the route and the body of the Open Inference Protocol."""

import bentoml
from onnx_model import NAME, ROUTE, OnnxModel


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Onnx:
    def __init__(self):
        self.model = OnnxModel()

    @bentoml.api(route=ROUTE)
    async def infer(self, inputs: list[dict]) -> dict:
        return {"model_name": NAME, "model_version": "1", "outputs": self.model.infer(inputs)}
