"""A model behind LitServe: one worker. Argument: the port."""

import sys

import litserve
from onnx_model import NAME, ROUTE, OnnxModel


class OnnxApi(litserve.LitAPI):
    def setup(self, device):
        self.model = OnnxModel()

    def decode_request(self, request):
        return request["inputs"]

    def predict(self, inputs):
        return self.model.infer(inputs)

    def encode_response(self, outputs):
        return {"model_name": NAME, "model_version": "1", "outputs": outputs}


if __name__ == "__main__":
    server = litserve.LitServer(OnnxApi(api_path=ROUTE), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning", access_log=False
    )
