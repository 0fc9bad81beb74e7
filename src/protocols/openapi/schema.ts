import { INTEGER_BOUNDS, type Datatype } from '../../tensor/datatype.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import type { Shape } from '../../tensor/shape.ts'

/** A JSON Schema, of the dialect that OpenAPI 3.1 takes. */
export type Schema = Readonly<Record<string, unknown>>

/**
 * Which values stand for an element: in the tensors of the Open Inference Protocol, or in the rows of a table, where
 * bytes may come as base64, JSON as it is, true and false are 1 and 0. In both, null is a missing value to models that
 * have an answer to those.
 */
export type ElementUse = 'tensor' | 'tensor without missing' | 'row' | 'row without missing'

/** A number of JSON with exactly these digits, which a double may not hold. */
export function exactNumber(digits: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits)
}

const WIDE_BOUNDS: Readonly<Partial<Record<Datatype, readonly [string, string]>>> = {
  INT64: ['-9223372036854775808', '9223372036854775807'],
  UINT64: ['0', '18446744073709551615'],
}

/** The least magnitudes that round to infinity: half a unit beyond the largest number. @see IEEE 754, section 4.3.1 */
const TOO_LARGE: Readonly<Partial<Record<Datatype, number>>> = {
  FP16: 65_520,
  BF16: 2 ** 128 - 2 ** 119,
  FP32: 2 ** 128 - 2 ** 103,
}

const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

/** What one element of an input may be in a request: exactly what the codecs take. */
export function elementSchema(spec: Omit<TensorSpec, 'name' | 'shape'>, use: ElementUse): Schema {
  const { datatype, isJson, isNeverMissing } = spec
  const isTensor = use === 'tensor' || use === 'tensor without missing'
  const nulls = use === 'tensor' || use === 'row' ? ['null'] : []
  if (isJson === true) return isTensor ? JSON_TEXT : { type: ['object', 'array'] }
  if (datatype === 'BYTES') {
    const type = isNeverMissing === true || nulls.length === 0 ? 'string' : ['string', 'null']
    return isTensor ? { type } : { anyOf: [{ type }, BASE64_OBJECT] }
  }
  if (datatype === 'BOOL') return { enum: [true, false, 0, 1] }
  const bounds = INTEGER_BOUNDS[datatype] ?? WIDE_BOUNDS[datatype]
  if (bounds !== undefined) {
    const [minimum, maximum] = bounds.map((bound) => exactNumber(String(bound)))
    return { type: isTensor ? 'integer' : ['integer', 'boolean'], minimum, maximum }
  }
  const limit = TOO_LARGE[datatype]
  const types = ['number', ...(isTensor ? [] : ['boolean']), ...nulls]
  return {
    type: types.length === 1 ? 'number' : types,
    ...(limit === undefined ? {} : { exclusiveMinimum: -limit, exclusiveMaximum: limit }),
  }
}

/** What one element of a datatype is in an answer. Floats have no bounds there: JSON has no infinities anyway. */
export function answerElement(datatype: Datatype): Schema {
  if (datatype === 'BYTES') return TEXT
  if (datatype === 'BOOL') return { type: 'boolean' }
  return { type: (INTEGER_BOUNDS[datatype] ?? WIDE_BOUNDS[datatype]) ? 'integer' : 'number' }
}

const JSON_TEXT: Schema = { type: 'string', contentMediaType: 'application/json' }
const TEXT: Schema = { type: 'string' }
const BASE64_OBJECT: Schema = {
  type: 'object',
  properties: { b64: { type: 'string', contentEncoding: 'base64', pattern: BASE64 } },
  required: ['b64'],
  additionalProperties: false,
}

/** A list of values, so many; of any number where `count` is absent or negative. */
export function listOf(items: Schema, count = -1, least = 0): Schema {
  if (count < 0) return { type: 'array', items, ...(least === 0 ? {} : { minItems: least }) }
  return { type: 'array', items, minItems: count, maxItems: count }
}

/** Values nested as a shape is; -1 is a dimension of any size, and a shape of no dimensions is a bare value. */
export function nestedOf(items: Schema, shape: Shape): Schema {
  return shape.reduceRight((inner: Schema, size) => listOf(inner, size), items)
}

/** An object with exactly these members, all of them there unless they are named as optional. */
export function objectOf(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }), additionalProperties: false }
}

/** One of several schemas; the one itself where there is one. */
export function anyOf(schemas: readonly Schema[]): Schema {
  const [only] = schemas
  return schemas.length === 1 && only !== undefined ? only : { anyOf: schemas }
}

/** Number of elements of a shape whose sizes are all known. */
export function countOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}
