"""A model behind Ray Serve: one replica. Arguments: the port, a folder for Ray's sockets and logs."""

import signal
import sys

import ray
from onnx_model import NAME, ROUTE, OnnxModel
from ray import serve
from starlette.requests import Request


@serve.deployment(num_replicas=1, max_ongoing_requests=100, logging_config={"enable_access_log": False})
class Onnx:
    def __init__(self):
        self.model = OnnxModel()

    async def __call__(self, request: Request):
        outputs = self.model.infer((await request.json())["inputs"])
        return {"model_name": NAME, "model_version": "1", "outputs": outputs}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    ray.init(
        num_cpus=2,
        object_store_memory=100 * 1024 * 1024,
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=sys.argv[2],
    )
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Onnx.bind(), route_prefix=ROUTE, blocking=True)
