"""What grpcurl and its like do: a client that knows nothing of the services and asks the server for them."""

import grpc
from cases import STAGE, case, rows_of, run
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

channel = grpc.insecure_channel(STAGE["grpc"])
database = ProtoReflectionDescriptorDatabase(channel)
pool = DescriptorPool(database)


def call(service, method, document):
    """One call by names, JSON in and out."""
    found = pool.FindServiceByName(service).FindMethodByName(method)
    request, response = GetMessageClass(found.input_type), GetMessageClass(found.output_type)
    ask = channel.unary_unary(f"/{service}/{method}", request.SerializeToString, response.FromString)
    answer = ask(json_format.ParseDict(document, request()), timeout=20)
    return json_format.MessageToDict(answer, preserving_proto_field_name=True)


@case("lists the services")
def _():
    assert {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= set(database.get_services())


@case("describes every method of the service")
def _():
    methods = [method.name for method in pool.FindServiceByName("inference.GRPCInferenceService").methods]
    assert {"ModelInfer", "ModelStreamInfer", "ModelStatistics", "RepositoryModelLoad", "LogSettings"} <= set(methods)


@case("asks in typed contents and is answered in typed contents")
def _():
    rows = STAGE["rows"]
    data = [value for row in rows for value in row]
    given = {"name": "X", "datatype": "FP64", "shape": [len(rows), len(rows[0])], "contents": {"fp64_contents": data}}
    answer = call("inference.GRPCInferenceService", "ModelInfer", {"model_name": "fraud", "inputs": [given]})
    outputs = {output["name"]: output["contents"] for output in answer["outputs"]}
    pairs = outputs["predict_proba"]["fp64_contents"]
    return rows_of(outputs["predict"]["int64_contents"], zip(pairs[::2], pairs[1::2]))


@case("asks for the server's health")
def _():
    assert call("grpc.health.v1.Health", "Check", {"service": ""}) == {"status": "SERVING"}
    assert call("inference.GRPCInferenceService", "ServerReady", {}) == {"ready": True}


run()
