"""A model behind grpcio's asyncio server and ONNX Runtime, as people write it: one process, its fast event loop. Argument: the port."""

import sys

import grpc
import numpy as np
import uvloop
from onnx_model import DATATYPES, NAME, OnnxModel
from tritonclient.grpc import service_pb2, service_pb2_grpc

DTYPES = {datatype: dtype for dtype, datatype in DATATYPES.items()}


class Inference(service_pb2_grpc.GRPCInferenceServiceServicer):
    def __init__(self):
        self.model = OnnxModel()

    def read(self, request):
        """Raises ValueError when the request does not fit the model."""
        arrays = {}
        for given, raw in zip(request.inputs, request.raw_input_contents, strict=True):
            if given.datatype not in DTYPES:
                raise ValueError(f"input {given.name} is of no datatype of this model")
            data = np.frombuffer(raw, dtype=DTYPES[given.datatype])
            arrays[given.name] = self.model.array(given.name, data, tuple(given.shape))
        return arrays

    async def ModelInfer(self, request, context):
        if request.model_name != NAME:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no model {request.model_name}")
        try:
            arrays = self.read(request)
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = service_pb2.ModelInferResponse(model_name=NAME, model_version="1")
        for name, array in self.model.run(arrays).items():
            response.outputs.add(name=name, datatype=DATATYPES[array.dtype], shape=array.shape)
            response.raw_output_contents.append(array.tobytes())
        return response


async def serve(port):
    server = grpc.aio.server()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Inference(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
