import { isDatatype } from '../tensor/datatype.ts'
import { elementTypeOf } from './element-types.ts'
import { overLimit } from './limits.ts'
import type { OnnxDimension, OnnxElementType, OnnxType, OnnxValue } from './model.ts'
import type { OnnxReader } from './onnx-reader.ts'
import type { ReadContext } from './read-context.ts'

/** Reads a ValueInfoProto. Its metadata is dropped: it changes nothing that is computed. */
export function readValue(reader: OnnxReader, context: ReadContext): OnnxValue {
  const { limits } = context.budget
  context.budget.spend('values', 1, reader.at)
  let name = ''
  let docString = ''
  let type: OnnxReader | undefined
  while (reader.next())
    if (reader.field === 1) name = reader.text('ValueInfoProto.name', limits.nameBytes)
    else if (reader.field === 2) type = onlyOne(type, reader, 'ValueInfoProto.type')
    else if (reader.field === 3) docString = reader.text('ValueInfoProto.doc_string', limits.textBytes, 'textBytes')
    else reader.skip()
  return { name, type: type === undefined ? undefined : readType(type, context), docString }
}

/**
 * The current field as a message that may stand there only once. (Protobuf would merge two; two halves that only some
 * readers put together are refused instead.)
 */
export function onlyOne(before: OnnxReader | undefined, reader: OnnxReader, what: string): OnnxReader {
  if (before !== undefined) throw reader.refuse(`${what} is given twice`)
  return reader.message(what)
}

/**
 * Reads a TypeProto; undefined for one that says nothing. Every type holds at most one other, so nested types are a
 * chain, followed here in a loop. Denotations are dropped: they are hints about meaning.
 * @throws {ServingError} `unsupported` for sparse and opaque types
 */
export function readType(reader: OnnxReader, context: ReadContext): OnnxType | undefined {
  const { typeDepth } = context.budget.limits
  const around: ((inner: OnnxType) => OnnxType)[] = []
  let current = reader
  for (;;) {
    let kind = 0
    let body: OnnxReader | undefined
    while (current.next())
      if ([1, 4, 5, 7, 8, 9].includes(current.field)) {
        kind = current.field
        body = onlyOne(body, current, 'the value of a TypeProto')
      } else current.skip()
    if (kind === 7) throw current.unsupported('an opaque type')
    if (kind === 8) throw current.unsupported('a sparse tensor type')
    if (body === undefined) {
      if (around.length === 0) return undefined
      throw current.refuse('a sequence, map or optional type does not say of what')
    }
    if (kind === 1) return around.reduceRight((inner, wrap) => wrap(inner), readTensorType(body, context))
    if (around.length >= typeDepth) throw overLimit('typeDepth', around.length + 1, typeDepth, body.at)

    const elementField = kind === 5 ? 2 : 1
    let element: OnnxReader | undefined
    let key: OnnxElementType | undefined
    while (body.next())
      if (body.field === elementField) element = onlyOne(element, body, 'the element type of a TypeProto')
      else if (kind === 5 && body.field === 1) key = readElementType(body, 'TypeProto.Map.key_type')
      else body.skip()
    if (element === undefined) throw body.refuse('a sequence, map or optional type does not say of what')
    if (kind === 5) {
      const mapKey = key
      if (mapKey === undefined || !isDatatype(mapKey)) throw body.refuse('a map type has no key type')
      around.push((value) => ({ kind: 'map', key: mapKey, value }))
    } else if (kind === 4) around.push((inner) => ({ kind: 'sequence', element: inner }))
    else around.push((inner) => ({ kind: 'optional', element: inner }))
    current = element
  }
}

function readTensorType(reader: OnnxReader, context: ReadContext): OnnxType {
  let datatype: OnnxElementType | undefined
  let shapeReader: OnnxReader | undefined
  while (reader.next())
    if (reader.field === 1) datatype = readElementType(reader, 'TypeProto.Tensor.elem_type')
    else if (reader.field === 2) shapeReader = onlyOne(shapeReader, reader, 'TypeProto.Tensor.shape')
    else reader.skip()
  return { kind: 'tensor', datatype, shape: shapeReader === undefined ? undefined : readShape(shapeReader, context) }
}

function readElementType(reader: OnnxReader, what: string): OnnxElementType | undefined {
  const number = reader.int32(what)
  const datatype = elementTypeOf(number)
  if (datatype === undefined && number !== 0) throw reader.unsupported(`${what} is ${number}`)
  return datatype
}

function readShape(reader: OnnxReader, context: ReadContext): OnnxDimension[] {
  const { dimensions, nameBytes } = context.budget.limits
  const shape: OnnxDimension[] = []
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip()
      continue
    }
    if (shape.length >= dimensions) throw overLimit('dimensions', shape.length + 1, dimensions, reader.at)
    const dimension = reader.message('TensorShapeProto.dim')
    let size: OnnxDimension
    while (dimension.next())
      if (dimension.field === 1) {
        size = dimension.safeInteger('TensorShapeProto.Dimension.dim_value')
        // some exporters write -1 for a size that may vary
        if (size === -1) size = undefined
        else if (size < 0) throw dimension.refuse(`a dimension has the size ${size}; sizes are from 0 up`)
      } else if (dimension.field === 2)
        size = dimension.text('TensorShapeProto.Dimension.dim_param', nameBytes) || undefined
      else dimension.skip()
    shape.push(size)
  }
  return shape
}
