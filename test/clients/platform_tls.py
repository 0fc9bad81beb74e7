"""Clients that trust the platform's own authority, by the file that it gives out."""

import json
import ssl

import boto3
import grpc as grpcio
import numpy as np
import requests
import tritonclient.grpc as grpc
import tritonclient.http as http
from botocore.config import Config
from cases import STAGE, case, refuses, rows_of, run

X = np.array(STAGE["rows"])
BEARER = {"Authorization": f"Bearer {STAGE['key']}"}


def infer(client, module, headers):
    given = module.InferInput("X", list(X.shape), "FP64").set_data_from_numpy(X)
    result = client.infer("fraud", [given], headers=dict(headers))
    return rows_of(result.as_numpy("predict"), result.as_numpy("predict_proba"))


def rows(predictions):
    return [[row["predict"], *row["predict_proba"]] for row in predictions]


@case("requests, with verify=")
def _():
    answers = [
        requests.post(f"{url}/endpoints/fraud/invocations", json={"instances": STAGE["rows"]}, headers=BEARER, verify=STAGE["ca"])
        for url in (STAGE["url"], STAGE["url"].replace("127.0.0.1", "localhost"))
    ]
    assert answers[0].json() == answers[1].json()
    return rows(answers[0].json()["predictions"])


@case("requests, without it")
def _():
    assert "CERTIFICATE_VERIFY_FAILED" in str(refuses("", lambda: requests.get(f"{STAGE['url']}/v2/health/live")))


@case("requests asks the API")
def _():
    answer = requests.get(f"{STAGE['apiUrl']}/api/v1/projects/default/endpoints/fraud", headers=BEARER, verify=STAGE["ca"])
    assert answer.status_code == 200 and answer.json()["state"] == "ready", answer.text
    # who has nothing yet gets the authority's certificate from the API itself
    given = requests.get(f"{STAGE['apiUrl']}/api/v1/ca.pem", verify=STAGE["ca"])
    assert given.status_code == 200 and "BEGIN CERTIFICATE" in given.text, given.text


@case("tritonclient over HTTPS")
def _():
    client = http.InferenceServerClient(
        STAGE["address"], ssl=True, ssl_context_factory=lambda: ssl.create_default_context(cafile=STAGE["ca"])
    )
    return infer(client, http, BEARER)


@case("tritonclient over gRPC, with root certificates")
def _():
    client = grpc.InferenceServerClient(STAGE["grpc"], ssl=True, root_certificates=STAGE["ca"])
    return infer(client, grpc, {"authorization": BEARER["Authorization"]})


@case("gRPC without root certificates")
def _():
    channel = grpcio.secure_channel(STAGE["grpc"], grpcio.ssl_channel_credentials())
    refuses("", lambda: grpcio.channel_ready_future(channel).result(timeout=1))


@case("boto3, with verify=")
def _():
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=STAGE["url"],
        region_name="eu-central-1",
        aws_access_key_id=STAGE["accessKeyId"],
        aws_secret_access_key=STAGE["secretAccessKey"],
        verify=STAGE["ca"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    body = json.dumps({"instances": STAGE["rows"]})
    answer = client.invoke_endpoint(EndpointName="fraud", Body=body, ContentType="application/json")
    return rows(json.loads(answer["Body"].read())["predictions"])


run()
