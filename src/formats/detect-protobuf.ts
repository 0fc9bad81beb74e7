/** Fields of ModelProto behind its first: producer, domain, version, document, graph, opsets, metadata, functions. */
const MODEL_TAGS = new Set([0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72])

/** An ONNX model is a ModelProto: its first field is nearly always `ir_version`, a small varint of field 1. */
export function isOnnx(bytes: Uint8Array): boolean {
  const [tag, value, next] = bytes
  if (tag !== 0x08 || value === undefined || value === 0 || value > 127) return isOnnxByGraph(bytes)
  return next !== undefined && MODEL_TAGS.has(next)
}

/** Some writers put the operator sets or the producer first: then a plain field header must stand there. */
function isOnnxByGraph(bytes: Uint8Array): boolean {
  const [tag, length, inner] = bytes
  if (tag === 0x42 && length !== undefined && length < 64) {
    const after = bytes[2 + length]
    const isNext = after === undefined || MODEL_TAGS.has(after) || after === 0x08
    return isNext && (inner === 0x0a || inner === 0x10)
  }
  if ((tag === 0x12 || tag === 0x3a) && length !== undefined) {
    const after = bytes[2 + (length & 0x7f)]
    return length < 128 && after !== undefined && (MODEL_TAGS.has(after) || after === 0x08)
  }
  return false
}

/** Shorter than this no graph of TensorFlow is, and longer than this no name of an ONNX model's producer. */
const MIN_GRAPH_BYTES = 128

/**
 * A `saved_model.pb` begins like an ONNX model of version 1: schema version 1, and then field 2, which here is a whole
 * graph with its meta information first, and there a producer's name.
 */
export function isSavedModel(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x08 || bytes[1] !== 1 || bytes[2] !== 0x12) return false
  let length = 0
  let at = 3
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++]
    if (byte === undefined) return false
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  return length >= MIN_GRAPH_BYTES && bytes[at] === 0x0a
}
