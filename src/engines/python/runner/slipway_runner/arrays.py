"""Tensors as numpy arrays and back. Imported where numbers travel: code that takes bodies needs no numpy."""

import uuid
from decimal import Decimal

try:
    import numpy as np
except ImportError:  # pragma: no cover
    np = None

from .failures import Refusal
from .wire import Tensor

_DTYPES = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
_DATATYPES = {"b": {1: "BOOL"}, "u": {}, "i": {}, "f": {2: "FP16", 4: "FP32", 8: "FP64"}}
for _size in (1, 2, 4, 8):
    _DATATYPES["u"][_size] = "UINT%d" % (8 * _size)
    _DATATYPES["i"][_size] = "INT%d" % (8 * _size)


# What is text where an array holds objects.
_WORDS = (str, bool, int, float, Decimal, uuid.UUID) + ((np.generic,) if np is not None else ())


def need_numpy():
    if np is None:
        raise Refusal("refused", "the environment has no numpy, which tensors need: add it to requirements.txt", "package")
    return np


def to_array(tensor):
    """An array over the tensor's own memory; of text, an array of str (bytes where they are no UTF-8)."""
    need_numpy()
    if tensor.datatype == "BYTES":
        array = np.empty(len(tensor.data), dtype=object)
        for i, element in enumerate(tensor.data):
            array[i] = to_text(element)
        return array.reshape(tensor.shape)
    if tensor.datatype == "BF16":
        wide = np.frombuffer(tensor.data, dtype="<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(tensor.shape)
    dtype = _DTYPES[tensor.datatype]
    if len(tensor.data) == 0:  # which older numpy makes no array of
        return np.empty(tensor.shape, dtype=dtype)
    return np.frombuffer(tensor.data, dtype=dtype).reshape(tensor.shape)


def to_text(element):
    try:
        return element.decode()
    except UnicodeDecodeError:
        return element


def from_array(value):
    """A tensor of whatever a method gave: arrays, lists, series and frames of pandas, sparse matrices, tensors of torch."""
    need_numpy()
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
        value = value.numpy()
    elif hasattr(value, "toarray") and not isinstance(value, np.ndarray):
        value = value.toarray()
    elif hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        if value.dtype.kind != "f":
            raise Refusal("internal", "the code gave an array of %s with masked elements, which no tensor can hold" % value.dtype, "output")
        value = value.filled(np.nan)
    array = np.asarray(value)
    sizes = _DATATYPES.get(array.dtype.kind)
    if sizes is not None:
        datatype = sizes.get(array.dtype.itemsize)
        if datatype is None:  # long double
            datatype, array = "FP64", array.astype("f8")
        data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        # a scalar is made a vector by ascontiguousarray: the shape is the array's own
        return Tensor(datatype, array.shape, memoryview(data.reshape(-1)))
    if array.dtype.kind in "US":
        array = array.astype(object)
    if array.dtype.kind in "mM":
        array = np.datetime_as_string(array).astype(object) if array.dtype.kind == "M" else array.astype(str).astype(object)
    if array.dtype.kind != "O":
        raise Refusal("internal", "the code gave an array of %s, which no tensor can hold" % array.dtype, "output")
    flat = array.reshape(-1)
    if len(flat) > 0 and all(isinstance(each, (bool, np.bool_)) for each in flat):
        return from_array(flat.astype(bool).reshape(array.shape))
    return Tensor("BYTES", array.shape, [_to_bytes(each) for each in flat])


def _to_bytes(value):
    if value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (list, tuple, dict, np.ndarray)):
        raise Refusal("internal", "the code gave nested lists of unequal lengths, or objects: no tensor can hold them", "output")
    if not isinstance(value, _WORDS) and not hasattr(value, "isoformat"):
        raise Refusal("internal", "the code gave an object of the class %s, which no tensor can hold" % type(value).__name__, "output")
    return str(value).encode()


def _changed(given, dtype):
    """Numbers of another type; None where they are not the same ones. What is out of range wraps or saturates, as machines do."""
    with np.errstate(all="ignore"):
        changed = given.astype(dtype)
        back = changed.astype(given.dtype)
        is_same = ((back == given) & ((changed < 0) == (given < 0))) | ((back != back) & (given != given))
        if given.dtype.kind in "iu" and dtype.kind == "f":
            is_same &= np.abs(changed) <= 2.0 ** (np.finfo(dtype).nmant + 1)
        if given.dtype.kind == "f" and dtype.kind in "iu":
            limits = np.iinfo(dtype)
            is_same &= (given >= float(limits.min)) & (given < float(limits.max) + 1)
    return changed if bool(np.all(is_same)) else None


def as_specified(name, tensor, spec):
    """An output as the signature has it: its shape, and its datatype where the change loses nothing."""
    if spec is None:
        return tensor
    shape, datatype = spec["shape"], spec["datatype"]
    if len(shape) != len(tensor.shape) or any(-1 != size != found for size, found in zip(shape, tensor.shape)):
        raise Refusal(
            "internal",
            'the code gave "%s" of the shape %s; its signature has %s' % (name, list(tensor.shape), shape),
            "output",
        )
    if datatype == tensor.datatype:
        return tensor
    if datatype in _DTYPES and tensor.datatype in _DTYPES:
        changed = _changed(to_array(tensor), np.dtype(_DTYPES[datatype]))
        if changed is not None:
            return from_array(changed)
    raise Refusal(
        "internal", 'the code gave "%s" as %s; its signature has %s' % (name, tensor.datatype, datatype), "output"
    )
