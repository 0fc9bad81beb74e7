"""A model behind ONNX Runtime on one thread, as each peer holds it. Which one, the environment says."""

import os

import numpy as np
import onnxruntime

NAME = os.environ["MODEL_NAME"]
ROUTE = f"/v2/models/{NAME}/infer"

DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
DATATYPES = {np.dtype(np.float32): "FP32", np.dtype(np.float64): "FP64", np.dtype(np.int64): "INT64"}


class OnnxModel:
    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        path = os.environ["MODEL_FILE"]
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.dtypes = {given.name: DTYPES[given.type] for given in self.session.get_inputs()}
        self.outputs = [output.name for output in self.session.get_outputs()]

    def array(self, name, data, shape):
        """Raises ValueError when the model has no such input, or the data do not fill the shape."""
        if name not in self.dtypes:
            raise ValueError(f"the model has no input {name}")
        return np.array(data, dtype=self.dtypes[name]).reshape(shape)

    def run(self, arrays):
        """The outputs by name."""
        return dict(zip(self.outputs, self.session.run(self.outputs, arrays)))

    def infer(self, inputs):
        """Inputs and outputs as lists and numbers: the parts of the Open Inference Protocol's JSON."""
        arrays = {given["name"]: self.array(given["name"], given["data"], given["shape"]) for given in inputs}
        return [
            {"name": name, "datatype": DATATYPES[array.dtype], "shape": array.shape, "data": array.ravel().tolist()}
            for name, array in self.run(arrays).items()
        ]
