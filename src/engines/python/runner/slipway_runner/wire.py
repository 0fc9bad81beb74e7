"""Frames of tensors, as `src/tensor/frames/frame.ts` describes them."""

import struct

MAGIC = 0x31574C53
HEADER = struct.Struct("<IIIIII")
REQUEST, ANSWER, FAILURE, CANCEL, GOODBYE = 1, 2, 3, 4, 5
ALIGNMENT = 8
MAX_HEAD_BYTES = 2**20
MAX_FRAME_BYTES = 2**30

# In the order of their codes on the wire, with the bytes of an element; those of BYTES have a length each.
DATATYPES = (
    ("BOOL", 1),
    ("UINT8", 1),
    ("UINT16", 2),
    ("UINT32", 4),
    ("UINT64", 8),
    ("INT8", 1),
    ("INT16", 2),
    ("INT32", 4),
    ("INT64", 8),
    ("FP16", 2),
    ("BF16", 2),
    ("FP32", 4),
    ("FP64", 8),
    ("BYTES", None),
)
CODES = {name: code for code, (name, _) in enumerate(DATATYPES)}
SIZES = dict(DATATYPES)


class Damaged(Exception):
    """The stream is no stream of frames."""


class Tensor:
    """A named tensor's content: `data` is a list of bytes for BYTES, else the row-major memory of its numbers."""

    __slots__ = ("datatype", "shape", "data")

    def __init__(self, datatype, shape, data):
        self.datatype = datatype
        self.shape = tuple(shape)
        self.data = data


class Request:
    __slots__ = ("id", "operation", "wanted", "tensors")

    def __init__(self, id, operation, wanted, tensors):
        self.id = id
        self.operation = operation
        self.wanted = wanted
        self.tensors = tensors


def texts(values):
    """A BYTES tensor of one dimension."""
    return Tensor("BYTES", (len(values),), [value if isinstance(value, bytes) else value.encode() for value in values])


def read_request(channel):
    """The next request; None at the end of the stream. What is cancelled is answered all the same."""
    while True:
        header = _receive(channel, HEADER.size, at_border=True)
        if header is None:
            return None
        magic, kind, number, head_bytes, body_bytes, rest = HEADER.unpack(header)
        if magic != MAGIC or rest != 0 or head_bytes > MAX_HEAD_BYTES or head_bytes + body_bytes > MAX_FRAME_BYTES:
            raise Damaged("it does not begin as frames do")
        # one piece of memory for head and body: arrays are made over it, not copied out of it
        content = _receive(channel, head_bytes + body_bytes)
        if kind == GOODBYE:
            return None
        if kind == CANCEL:
            continue
        if kind != REQUEST:
            raise Damaged("no request")
        cursor = _Cursor(memoryview(content), head_bytes)
        cursor.take(9)  # priority and time left: who sends watches both
        operation = cursor.text()
        cursor.text()
        wanted = [cursor.text() for _ in range(cursor.number("<H"))]
        return Request(number, operation, wanted, _read_tensors(cursor))


def write_answer(channel, number, tensors):
    """Sends outputs: a mapping of names to tensors, in the order that was asked for."""
    head = bytearray(struct.pack("<H", len(tensors)))
    pieces = []
    body_bytes = 0
    for name, tensor in tensors.items():
        head += _text(name)
        head += struct.pack("<BB", CODES[tensor.datatype], len(tensor.shape))
        head += struct.pack("<%dd" % len(tensor.shape), *tensor.shape)
        for piece in _body(tensor):
            pieces.append(piece)
            body_bytes += piece.nbytes if isinstance(piece, memoryview) else len(piece)
    if len(head) > MAX_HEAD_BYTES or HEADER.size + len(head) + body_bytes > MAX_FRAME_BYTES:
        raise ValueError("the outputs take %d bytes, the most is %d" % (body_bytes, MAX_FRAME_BYTES))
    _send(channel, ANSWER, number, head, pieces, body_bytes)


def write_failure(channel, number, document):
    """Sends a failure: JSON of code, message and details, as text."""
    head = document.encode()
    _send(channel, FAILURE, number, head + b" " * (-len(head) % ALIGNMENT), [], 0)


def _send(channel, kind, number, head, pieces, body_bytes):
    head = bytes(head) + bytes(-len(head) % ALIGNMENT)
    start = HEADER.pack(MAGIC, kind, number, len(head), body_bytes, 0) + head
    if body_bytes <= 65536:
        channel.sendall(b"".join([start] + [bytes(piece) for piece in pieces]))
        return
    channel.sendall(start)
    for piece in pieces:
        channel.sendall(piece)


def _body(tensor):
    if tensor.datatype == "BYTES":
        length = 4 * len(tensor.data) + sum(map(len, tensor.data))
        yield struct.pack("<%dI" % len(tensor.data), *map(len, tensor.data)) + b"".join(tensor.data) + bytes(
            -length % ALIGNMENT
        )
        return
    memory = memoryview(tensor.data)
    if memory.nbytes > 0:
        yield memory.cast("B")
    if memory.nbytes % ALIGNMENT:
        yield bytes(-memory.nbytes % ALIGNMENT)


def _text(value):
    encoded = value.encode()
    return struct.pack("<H", len(encoded)) + encoded


def _receive(channel, length, at_border=False):
    """Exactly so many bytes; None when the stream ends before the first of them, where it may."""
    content = bytearray(length)
    view = memoryview(content)
    filled = 0
    while filled < length:
        count = channel.recv_into(view[filled:], length - filled)
        if count == 0:
            if at_border and filled == 0:
                return None
            raise Damaged("it ends within a frame")
        filled += count
    return content


class _Cursor:
    def __init__(self, view, end):
        self.view = view
        self.offset = 0
        self.end = end

    def take(self, length):
        start = self.offset
        self.offset = start + length
        if self.offset > self.end:
            raise Damaged("its head ends too soon")
        return start

    def number(self, form):
        return struct.unpack_from(form, self.view, self.take(struct.calcsize(form)))[0]

    def text(self):
        length = self.number("<H")
        start = self.take(length)
        return bytes(self.view[start : start + length]).decode()


def _read_tensors(cursor):
    tensors = {}
    at = cursor.end
    for _ in range(cursor.number("<H")):
        name = cursor.text()
        datatype, size = DATATYPES[cursor.number("<B")]
        shape = [int(cursor.number("<d")) for _ in range(cursor.number("<B"))]
        count = 1
        for length in shape:
            count *= length
        if size is None:
            lengths = struct.unpack_from("<%dI" % count, cursor.view, at)
            start = at + 4 * count
            data = []
            for length in lengths:
                data.append(bytes(cursor.view[start : start + length]))
                start += length
            at += -(-(start - at) // ALIGNMENT) * ALIGNMENT
        else:
            data = cursor.view[at : at + count * size]
            at += -(-count * size // ALIGNMENT) * ALIGNMENT
        if at > len(cursor.view):
            raise Damaged("its body is shorter than its tensors")
        tensors[name] = Tensor(datatype, shape, data)
    return tensors
