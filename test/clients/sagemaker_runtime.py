"""boto3's client of SageMaker endpoints."""

import io
import json

import boto3
import numpy as np
from botocore.config import Config
from cases import STAGE, case, refuses, run

client = boto3.client(
    "sagemaker-runtime",
    endpoint_url=STAGE["url"],
    region_name="eu-central-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
    config=Config(retries={"total_max_attempts": 1}),
)


def invoke(body, content_type, accept="application/json", **options):
    answer = client.invoke_endpoint(
        EndpointName="fraud", Body=body, ContentType=content_type, Accept=accept, **options
    )
    return answer, answer["Body"].read().decode()


def rows(predictions):
    return [[row["predict"], *row["predict_proba"]] for row in predictions]


def csv(header=False):
    lines = [",".join(map(repr, row)) for row in STAGE["rows"]]
    return "\n".join(([",".join(STAGE["columns"])] if header else []) + lines)


def numbers(text):
    return [[float(field) for field in line.split(",")] for line in text.splitlines()]


@case("sends JSON")
def _():
    answer, text = invoke(json.dumps({"instances": STAGE["rows"]}), "application/json")
    assert answer["ContentType"] == "application/json" and answer["InvokedProductionVariant"]
    return rows(json.loads(text)["predictions"])


@case("sends CSV")
def _():
    return numbers(invoke(csv(), "text/csv", "text/csv")[1])


@case("sends CSV with a header")
def _():
    return numbers(invoke(csv(header=True), "text/csv", "text/csv")[1])


@case("sends JSON lines")
def _():
    body = "\n".join(json.dumps({"features": row}) for row in STAGE["rows"])
    text = invoke(body, "application/jsonlines", "application/jsonlines")[1]
    return rows(map(json.loads, text.splitlines()))


@case("sends npy")
def _():
    file = io.BytesIO()
    np.save(file, np.array(STAGE["rows"]))
    return rows(json.loads(invoke(file.getvalue(), "application/x-npy")[1])["predictions"])


@case("gives custom attributes")
def _():
    answer, text = invoke(csv(), "text/csv", "text/csv", CustomAttributes="c000b4f9-df62-4c85-a0bf-7c525f9104a4")
    return numbers(text)


@case("is refused in the form that it knows")
def _():
    refuses("row", lambda: invoke(csv().replace("0.4", "abc", 1), "text/csv"))
    error = refuses("application/x-image", lambda: invoke(b"x", "application/x-image"))
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 415, 424), error.response


run()
