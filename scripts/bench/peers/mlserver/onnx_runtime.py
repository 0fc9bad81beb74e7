"""MLServer has no runtime for ONNX: this is the smallest one of one's own."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from onnx_model import OnnxModel


class OnnxRuntime(MLModel):
    async def load(self) -> bool:
        self.model = OnnxModel()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        arrays = {given.name: NumpyCodec.decode_input(given) for given in payload.inputs}
        outputs = [NumpyCodec.encode_output(name, array) for name, array in self.model.run(arrays).items()]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
