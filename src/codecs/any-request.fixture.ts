import { isUtf8 } from 'node:buffer'
import { DATATYPES, elementSizeBytes, type Datatype } from '../tensor/datatype.ts'
import { bytesOf, tensor, viewAs, type Tensor, type Tensors } from '../tensor/tensor.ts'
import type { Dice } from '../core/dice.fixture.ts'

/** A request before it is written in any form. */
export interface AnyRequest {
  readonly tensors: Tensors
  readonly id: string
  /** Microseconds; 0 for none. */
  readonly timeout: number
  /** 0 for none. */
  readonly priority: number
  /** Names, and numbers of classes; 0 for none. */
  readonly outputs: readonly (readonly [name: string, classes: number])[]
}

const NAMES = [
  'x',
  'input_1',
  'größe',
  '名前',
  '__proto__',
  'a"b',
  'a\\b',
  'a b',
  '😀',
  'constructor',
  'toString',
  'X'.repeat(200),
]

/** Tensors of any datatypes and shapes, their elements of any bits, and all that may stand beside them. */
export function anyRequest(dice: Dice): AnyRequest {
  const tensors = new Map<string, Tensor>()
  for (let i = dice.roll(4); i >= 0; i--) tensors.set(dice.pick(NAMES), anyTensor(dice))
  const outputs = new Map(dice.some(2, () => [dice.pick(NAMES), dice.pick([0, 0, 1, 5])] as const))
  return {
    tensors,
    id: dice.pick(['', '', '1', 'größe', '"', 'i'.repeat(256)]),
    timeout: dice.pick([0, 0, 1, 1_000_000, Number.MAX_SAFE_INTEGER]),
    priority: dice.pick([0, 0, 1, 2, 3, 7]),
    outputs: [...outputs],
  }
}

/** Sizes whose product stays small, or one that is larger than what is read element by element. */
function anyShape(dice: Dice): number[] {
  if (dice.roll(20) === 0) return [dice.pick([64, 65, 200, 511, 1000])]
  const shape = Array.from({ length: dice.pick([0, 1, 1, 1, 2, 2, 2, 3, 4, 8]) }, () =>
    dice.pick([0, 1, 1, 2, 2, 3, 5]),
  )
  return shape.reduce((product, size) => product * size, 1) > 600 ? [shape.length] : shape
}

export function anyTensor(dice: Dice, datatype: Datatype = dice.pick(DATATYPES)): Tensor {
  const shape = anyShape(dice)
  const count = shape.reduce((product, size) => product * size, 1)
  if (datatype === 'BYTES')
    return tensor(
      'BYTES',
      shape,
      Array.from({ length: count }, () => anyBytes(dice)),
    )
  const bytes = new Uint8Array(count * elementSizeBytes(datatype))
  // half of all tensors hold nothing that is no number
  const isTame = dice.roll(2) === 0
  for (let i = 0; i < bytes.length; i++)
    bytes[i] =
      datatype === 'BOOL' ? dice.roll(2) : isTame ? dice.pick([0, 0, 1, 0x3f, 0x40, 0xc0, 0x12]) : dice.roll(256)
  const data = viewAs(datatype, bytes)
  const special = SPECIAL[datatype]
  if (special !== undefined && isTame && dice.roll(2) === 0)
    for (let i = 0; i < data.length; i++) (data as Float64Array)[i] = dice.pick(special) as number
  return tensor(datatype, shape, data)
}

/** What is easily lost on the way through text. */
const SPECIAL: Readonly<Partial<Record<Datatype, readonly (number | bigint)[]>>> = {
  FP32: [0, -0, 0.1, 1.401298464324817e-45, 3.4028234663852886e38, 16_777_217, 1e21, 1e-7, -1],
  FP64: [0, -0, 0.1, 5e-324, 1.7976931348623157e308, 9_007_199_254_740_992, 1e21, 1e-7, -1],
  INT64: [0n, -1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n],
  UINT64: [0n, 2n ** 53n + 1n, 2n ** 64n - 1n],
}

const TEXTS = [
  '',
  'a',
  'text',
  'größe',
  '😀',
  '\u0000',
  '"',
  '\\',
  '\n',
  '\u2028',
  '\ufeffa',
  '/',
  'é'.repeat(100),
  '1',
]

function anyBytes(dice: Dice): Uint8Array {
  if (dice.roll(12) > 0) return Buffer.from(dice.pick(TEXTS))
  return Uint8Array.from(dice.some(9, () => dice.roll(256)))
}

/** What a tensor is, in a form that compares bit by bit. */
export function contentOf({ datatype, shape, data }: Tensor): string {
  const bits = Array.isArray(data)
    ? data.map((bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')).join('\0 ')
    : Buffer.from(bytesOf(data as Float32Array)).toString('latin1')
  return `${datatype} [${shape.join()}] ${data.length}: ${bits}`
}

export function contentsOf(tensors: Tensors): string[] {
  return [...tensors].map(([name, value]) => `${name} ${contentOf(value)}`)
}

/** Bytes that begin at any place of a larger piece of memory. */
export function placedAt(offset: number, bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(offset + bytes.length + 9).fill(0xee)
  around.set(bytes, offset)
  return around.subarray(offset, offset + bytes.length)
}

/** Whether JSON has a form for all elements. */
export function hasJson({ datatype, data }: Tensor): boolean {
  if (datatype === 'BYTES') return data.every((bytes) => isUtf8(bytes))
  if (datatype === 'FP32' || datatype === 'FP64') return (data as Float64Array).every(Number.isFinite)
  return datatype !== 'FP16' && datatype !== 'BF16'
}

/** Elements as JSON, flat. */
function jsonElements(value: Tensor): string {
  const { datatype, data } = value
  if (datatype === 'BYTES') return data.map((bytes) => JSON.stringify(Buffer.from(bytes).toString())).join()
  return Array.from(data as Iterable<number | bigint>, (element) => {
    if (datatype === 'BOOL') return element === 1 ? 'true' : 'false'
    return Object.is(element, -0) ? '-0' : String(element)
  }).join()
}

/** Elements as they lie in memory, those of BYTES behind their lengths. */
function rawElements({ datatype, data }: Tensor): Uint8Array {
  if (datatype !== 'BYTES') return bytesOf(data)
  const parts = data.flatMap((bytes) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return [length, bytes]
  })
  return Buffer.concat(parts)
}

function jsonOf({ tensors, id, timeout, priority, outputs }: AnyRequest, isBinary: (value: Tensor) => boolean): string {
  const inputs = [...tensors].map(([name, value]) => {
    const head = `{"name":${JSON.stringify(name)},"datatype":"${value.datatype}","shape":[${value.shape.join()}]`
    return isBinary(value)
      ? `${head},"parameters":{"binary_data_size":${rawElements(value).length}}}`
      : `${head},"data":[${jsonElements(value)}]}`
  })
  const wanted = outputs.map(([name, classes]) => ({
    name,
    ...(classes === 0 ? {} : { parameters: { classification: classes } }),
  }))
  return `{"id":${JSON.stringify(id)},"parameters":{"timeout":${timeout},"priority":${priority}},"inputs":[${inputs.join()}],"outputs":${JSON.stringify(wanted)}}`
}

/** All of it in JSON; undefined where a tensor has no such form. */
export function asJson(request: AnyRequest): Buffer | undefined {
  if (![...request.tensors.values()].every(hasJson)) return undefined
  return Buffer.from(jsonOf(request, () => false))
}

export interface BinaryBody {
  readonly body: Buffer
  readonly jsonLength: number
}

/** With the bytes of these tensors behind the JSON. */
export function asBinary(request: AnyRequest, isBinary: (value: Tensor) => boolean = () => true): BinaryBody {
  const json = Buffer.from(jsonOf(request, isBinary))
  const behind = [...request.tensors.values()].filter(isBinary).map(rawElements)
  return { body: Buffer.concat([json, ...behind]), jsonLength: json.length }
}

function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}

/** A field of a message, its value as bytes with a length. */
export function protoField(number: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content])
}

const intParameter = (name: string, value: number): Buffer =>
  Buffer.concat([protoField(1, name), protoField(2, Buffer.of(2 << 3), varint(value))])

/** The field of `InferTensorContents` for each datatype that has one. */
const TYPED_FIELD: Readonly<Partial<Record<Datatype, number>>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
}

function typedElements(value: Tensor): Buffer {
  const field = TYPED_FIELD[value.datatype] ?? 0
  if (value.datatype === 'BYTES') return Buffer.concat(value.data.map((bytes) => protoField(field, bytes)))
  if (field === 6 || field === 7) return protoField(field, bytesOf(value.data))
  return protoField(field, ...Array.from(value.data as Iterable<number | bigint>, varint))
}

/**
 * As a ModelInferRequest.
 * @returns undefined where a tensor has no typed form and that is asked for
 */
export function asMessage(request: AnyRequest, isRaw: boolean): Buffer | undefined {
  const { tensors, id, timeout, priority, outputs } = request
  const values = [...tensors.values()]
  if (!isRaw && values.some(({ datatype }) => TYPED_FIELD[datatype] === undefined)) return undefined
  return Buffer.concat([
    protoField(1, 'model'),
    protoField(3, id),
    protoField(4, intParameter('timeout', timeout)),
    protoField(4, intParameter('priority', priority)),
    ...[...tensors].map(([name, value]) =>
      protoField(
        5,
        protoField(1, name),
        protoField(2, value.datatype),
        protoField(3, ...value.shape.map(varint)),
        ...(isRaw ? [] : [protoField(5, typedElements(value))]),
      ),
    ),
    ...outputs.map(([name, classes]) =>
      protoField(
        6,
        protoField(1, name),
        ...(classes === 0 ? [] : [protoField(2, intParameter('classification', classes))]),
      ),
    ),
    ...(isRaw ? values.map((value) => protoField(7, rawElements(value))) : []),
  ])
}
