import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { isHalf } from '../tensor/half.ts'
import { elementCount, type Shape } from '../tensor/shape.ts'
import type { Signature, TensorSpec } from '../tensor/signature.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { END, JsonScanner, LETTER_N, noKeys, OPEN_LIST, OPEN_OBJECT, QUOTE } from './json-scanner.ts'
import { encodeData, type V2ResponseHead } from './v2-json-answer.ts'
import { readData } from './v2-json-data.ts'
import { requestId } from './v2-request.ts'

/** What a request for text asks: one row of the model's inputs. */
export interface GenerateRequest {
  /** Echoed in the answer; absent and empty are the same. */
  readonly id: string | undefined
  readonly inputs: Tensors
}

const TEXT_INPUT = 'text_input'
const TEXT_OUTPUT = 'text_output'

/**
 * Reads a request for text: a JSON object whose members are the inputs of the same names, each a value or a list, for one
 * row; `text_input` is the input that takes text, whatever its name. Inputs may stand in the member `parameters`, too;
 * whatever is no input is passed over, and null is as good as absent.
 * @throws {ServingError} `invalid_argument`, for a model that takes no text too; `too_large` for more elements of BYTES
 *   than a request may have
 * @see Open Inference Protocol v2, "Generate"; Triton's "Generate Extension"
 */
export function decodeGenerate(body: Uint8Array, signature: Signature): GenerateRequest {
  const textInput = textInputOf(signature)
  const specs = new Map(usedInputs(signature).map((spec) => [spec.name, spec]))
  if (!specs.has(TEXT_INPUT)) specs.set(TEXT_INPUT, textInput)
  const scanner = new JsonScanner(body)
  if (scanner.next() !== OPEN_OBJECT) {
    scanner.skip()
    scanner.end()
    throw bad(`the body must be a JSON object with "${TEXT_INPUT}"`)
  }
  const inputs = new Map<string, Tensor>()
  const id = readMembers({ scanner, specs, inputs }, true)
  scanner.end()
  return { id, inputs }
}

/**
 * The one input that takes text, one element of it a row.
 * @throws {ServingError} `invalid_argument` for models without
 */
function textInputOf(signature: Signature): TensorSpec {
  const inputs = usedInputs(signature)
  const texts = inputs.filter(({ datatype }) => datatype === 'BYTES')
  const [text, ...others] = texts
  if (text === undefined)
    throw bad(`the model takes no text: its inputs are ${quoteList(inputs.map(({ name }) => name))}; ask it by "infer"`)
  if (others.length > 0)
    throw bad(`the model takes text in several inputs, ${quoteList(texts.map(({ name }) => name))}; ask it by "infer"`)
  if (text.shape.some((size) => size !== 1 && size !== -1))
    throw bad(
      `the model's input ${quote(text.name)} takes several texts a row ([${text.shape.join(',')}]); ask it by "infer"`,
    )
  return text
}

function usedInputs({ inputs }: Signature): readonly TensorSpec[] {
  return inputs.filter(({ isUnused }) => isUnused !== true)
}

interface Members {
  readonly scanner: JsonScanner
  /** What takes the value of a member, by its name. */
  readonly specs: ReadonlyMap<string, TensorSpec>
  readonly inputs: Map<string, Tensor>
}

/** Reads the members of the object where the scanner stands. @returns the request's id */
function readMembers(members: Members, isOutermost: boolean): string | undefined {
  const { scanner, specs, inputs } = members
  let id: string | undefined
  const seen = noKeys()
  scanner.open()
  while (scanner.member(NO_KEYS, seen) !== END) {
    const key = scanner.otherKey
    const spec = specs.get(key)
    const byte = scanner.next()
    if (byte === LETTER_N) scanner.word('null')
    else if (spec !== undefined) {
      if (inputs.has(spec.name)) throw bad(`input ${quote(spec.name)} is given twice`)
      inputs.set(spec.name, readTensor(scanner, spec, inputs))
    } else if (isOutermost && key === 'parameters' && byte === OPEN_OBJECT) readMembers(members, false)
    else if (isOutermost && key === 'id' && byte === QUOTE) id = requestId(scanner.string())
    else scanner.skip()
  }
  return id
}

const NO_KEYS: readonly string[] = []

/** One row of an input, from a value or a list of values where the scanner stands. */
function readTensor(scanner: JsonScanner, { name, datatype, shape }: TensorSpec, beside: Tensors): Tensor {
  const isList = scanner.next() === OPEN_LIST
  const from = scanner.at
  const count = countValues(scanner)
  const value = scanner.bytes.subarray(from, scanner.at)
  if (isHalf(datatype))
    throw bad(`input ${quote(name)}: ${datatype} cannot be sent as JSON; ask by "infer", with it as binary data`)
  const rowShape = shapeOf(name, shape, count)
  const list = new JsonScanner(isList ? value : Buffer.concat([OPEN, value, CLOSE]))
  const elements = elementCount(rowShape, () => `input ${quote(name)}`)
  return {
    datatype,
    shape: rowShape,
    data: readData(list, name, datatype, nestingOf(rowShape, value), elements, beside),
  } as Tensor
}

/** The shape as which a list is nested: sizes of 1 in front, such as the number of rows, may be left out. */
function nestingOf(shape: Shape, list: Uint8Array): Shape {
  const depth = depthOf(list)
  const left = shape.length - depth
  return depth > 1 && left > 0 && shape.slice(0, left).every((size) => size === 1) ? shape.slice(left) : shape
}

/** How many lists begin before the first value. */
function depthOf(list: Uint8Array): number {
  let depth = 0
  for (const byte of list) {
    if (byte === OPEN_LIST) depth++
    else if (byte > 0x20) break
  }
  return depth
}

const OPEN = Buffer.from('[')
const CLOSE = Buffer.from(']')

/** Takes a value. @returns how many there are in it, lists within lists counted through */
function countValues(scanner: JsonScanner): number {
  if (scanner.next() !== OPEN_LIST) {
    scanner.skip()
    return 1
  }
  let count = 0
  scanner.open()
  if (scanner.isEmptyList()) return 0
  do count += countValues(scanner)
  while (scanner.hasMore())
  return count
}

/** A row's shape: where one size besides the number of rows is open, it follows from the number of values. */
function shapeOf(name: string, shape: Shape, count: number): Shape {
  const row = shape.map((size, axis) => (axis === 0 && size === -1 ? 1 : size))
  const open = row.filter((size) => size === -1).length
  if (open === 0) return row
  const known = row.reduce((product, size) => (size === -1 ? product : product * size), 1)
  if (open > 1 || known === 0 || count % known !== 0)
    throw bad(`input ${quote(name)}: ${count} values do not say a shape like [${shape.join(',')}]; ask by "infer"`)
  return row.map((size) => (size === -1 ? count / known : size))
}

/**
 * Writes the answer to a request for text: the outputs by name, a value where one has a single element and else a flat
 * list. The only output of text is `text_output` as well.
 * @throws {ServingError} `unsupported` when a value has no JSON form
 */
export function encodeGenerated({ modelName, modelVersion, id }: V2ResponseHead, outputs: Tensors): string {
  const members = new Map([
    ['model_name', JSON.stringify(modelName)],
    ['model_version', JSON.stringify(modelVersion)],
  ])
  if (id !== undefined) members.set('id', JSON.stringify(id))
  const texts: string[] = []
  for (const [name, tensor] of outputs) {
    const data = encodeData(name, tensor)
    const value = tensor.data.length === 1 ? data : `[${data}]`
    if (tensor.datatype === 'BYTES') texts.push(value)
    if (!members.has(name)) members.set(name, value)
  }
  const [text] = texts
  if (text !== undefined && texts.length === 1 && !members.has(TEXT_OUTPUT)) members.set(TEXT_OUTPUT, text)
  return `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}

function bad(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
