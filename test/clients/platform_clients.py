"""Clients against an endpoint of the platform, each with a key in the way that it has for that."""

import json

import boto3
import numpy as np
import requests
import tritonclient.grpc as grpc
import tritonclient.http as http
from botocore.config import Config
from botocore.exceptions import ClientError
from cases import STAGE, case, refuses, rows_of, run
from mlflow.deployments import get_deploy_client

X = np.array(STAGE["rows"])
BEARER = {"Authorization": f"Bearer {STAGE['key']}"}
WRONG = {"Authorization": f"Bearer {STAGE['key'][:-1]}{'b' if STAGE['key'][-1] == 'a' else 'a'}"}


def triton(module, address, headers, **options):
    client = module.InferenceServerClient(address)
    given = module.InferInput("X", list(X.shape), "FP64").set_data_from_numpy(X)
    # the client over HTTP writes into the headers that it is given
    result = client.infer("fraud", [given], headers=dict(headers), **options)
    return rows_of(result.as_numpy("predict"), result.as_numpy("predict_proba"))


def boto(access_key_id=STAGE["accessKeyId"], secret=STAGE["secretAccessKey"], session_token=None):
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=STAGE["url"],
        region_name="eu-central-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        aws_session_token=session_token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def invoke(client, **options):
    body = json.dumps({"instances": STAGE["rows"]})
    return client.invoke_endpoint(**{"EndpointName": "fraud", "Body": body, "ContentType": "application/json", **options})


def rows(predictions):
    return [[row["predict"], *row["predict_proba"]] for row in predictions]


def refusal(call):
    """Status and code of what AWS's client says."""
    try:
        call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    raise AssertionError("it was answered")


@case("tritonclient over HTTP, with a header")
def _():
    return triton(http, STAGE["address"], BEARER)


@case("tritonclient over HTTP, without a key")
def _():
    assert refuses("", lambda: triton(http, STAGE["address"], {})).status() == "401"
    assert refuses("", lambda: triton(http, STAGE["address"], WRONG)).status() == "401"


@case("tritonclient over gRPC, with metadata")
def _():
    return triton(grpc, STAGE["grpc"], {"authorization": BEARER["Authorization"]})


@case("tritonclient over gRPC, without a key")
def _():
    assert "UNAUTHENTICATED" in str(refuses("", lambda: triton(grpc, STAGE["grpc"], {})))
    assert "UNAUTHENTICATED" in str(
        refuses("", lambda: triton(grpc, STAGE["grpc"], {"authorization": WRONG["Authorization"]}))
    )


@case("tritonclient names a variant as the version")
def _():
    for version in (STAGE["variant"], "1", STAGE["digest"][:12], "stable"):
        assert triton(http, STAGE["address"], BEARER, model_version=version)
        assert triton(grpc, STAGE["grpc"], {"authorization": BEARER["Authorization"]}, model_version=version)
    error = refuses("nobody", lambda: triton(http, STAGE["address"], BEARER, model_version="nobody"))
    assert error.status() == "404", error


@case("requests, with each way to give a key")
def _():
    answers = [
        requests.post(f"{STAGE['url']}/endpoints/fraud/invocations", json={"instances": STAGE["rows"]}, headers=headers)
        for headers in (BEARER, {"X-API-Key": STAGE["key"]})
    ]
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    assert answers[0].json() == answers[1].json()
    return rows(answers[0].json()["predictions"])


@case("MLflow's client of deployments, with the variable that it reads")
def _():
    deployments = get_deploy_client(STAGE["url"])
    return rows(deployments.predict(endpoint="fraud", inputs={"instances": STAGE["rows"]})["predictions"])


@case("boto3 signs")
def _():
    answer = invoke(boto())
    assert answer["InvokedProductionVariant"] == STAGE["variant"], answer
    return rows(json.loads(answer["Body"].read())["predictions"])


@case("boto3 signs, and names a variant")
def _():
    return rows(json.loads(invoke(boto(), TargetVariant=STAGE["variant"])["Body"].read())["predictions"])


@case("boto3 names a variant that there is not")
def _():
    status, code = refusal(lambda: invoke(boto(), TargetVariant="nobody"))
    assert status in (400, 404) and code == "ValidationError", (status, code)


@case("boto3 names an endpoint that there is not")
def _():
    status, code = refusal(lambda: invoke(boto(), EndpointName="nobody"))
    assert status in (400, 404) and code == "ValidationError", (status, code)


@case("boto3 signs with a wrong secret, and with a key that nobody knows")
def _():
    found = refusal(lambda: invoke(boto(secret=STAGE["secretAccessKey"][:-1] + "!")))
    assert found == (401, "UnrecognizedClientException"), found
    found = refusal(lambda: invoke(boto(access_key_id="AKIAIOSFODNN7EXAMPLE")))
    assert found == (401, "UnrecognizedClientException"), found


run()
