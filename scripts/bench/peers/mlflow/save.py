"""Saves an ONNX model as MLflow keeps it. Arguments: the file, the folder to make."""

import sys

import mlflow.onnx
import onnx

options = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
mlflow.onnx.save_model(onnx.load(sys.argv[1]), sys.argv[2], onnx_session_options=options, pip_requirements=[])
