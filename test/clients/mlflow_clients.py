"""MLflow's client of scoring servers, and its client of deployments."""

import json

import numpy as np
import pandas as pd
from cases import STAGE, case, refuses, run
from mlflow.deployments import get_deploy_client
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

host, port = STAGE["address"].split(":")
client = ScoringServerClient(host, int(port))
deployments = get_deploy_client(STAGE["url"])
FRAME = pd.DataFrame(STAGE["rows"], columns=STAGE["columns"])


def rows(answer):
    return [[row["predict"], *row["predict_proba"]] for row in answer["predictions"]]


@case("waits until the server is ready, and asks its version")
def _():
    client.wait_server_ready(timeout=10)
    assert client.get_version().strip() != ""


@case("sends a dataframe")
def _():
    answer = client.invoke(FRAME)
    assert len(answer.get_predictions()) == len(FRAME)
    return rows(answer)


@case("sends a dataframe whose columns stand in another order")
def _():
    return rows(client.invoke(FRAME[FRAME.columns[::-1]]))


@case("sends an array")
def _():
    return rows(client.invoke(np.array(STAGE["rows"])))


@case("sends records and parameters")
def _():
    return rows(client.invoke(json.dumps({"dataframe_records": FRAME.to_dict(orient="records"), "params": {"depth": 3}})))


@case("is refused a missing column by its name")
def _():
    refuses("amount", lambda: client.invoke(FRAME.drop(columns="amount")))


@case("deployments: lists the endpoints")
def _():
    assert "fraud" in [endpoint.name for endpoint in deployments.list_endpoints()]
    assert deployments.get_endpoint("fraud").name == "fraud"


@case("deployments: sends a dataframe")
def _():
    return rows(deployments.predict(endpoint="fraud", inputs={"dataframe_split": FRAME.to_dict(orient="split")}))


@case("deployments: sends instances")
def _():
    return rows(deployments.predict(endpoint="fraud", inputs={"instances": STAGE["rows"]}))


run()
