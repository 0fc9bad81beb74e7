import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { isHalf, widenHalves } from '../tensor/half.ts'
import type { Signature, TensorSpec } from '../tensor/signature.ts'
import type { BytesTensor, NumericTensor, Tensor, Tensors } from '../tensor/tensor.ts'
import { printFloats } from './float-text.ts'
import { checkClassification, type V2Request } from './v2-request.ts'

/**
 * Refuses a request for the classes of an output that has none, before the model is run for it.
 * @throws {ServingError} `invalid_argument` naming the output
 */
export function checkClassifications({ forms }: V2Request, { outputs }: Signature): void {
  if (forms === undefined) return
  for (const [name, { classification }] of forms) {
    const datatype = outputs.find((spec) => spec.name === name)?.datatype
    if (classification !== 0 && (datatype === 'BYTES' || datatype === 'BOOL')) throw noNumbers(name, datatype)
  }
}

/**
 * The outputs as a request wants them: where it asks for the k most likely classes of one, that one becomes BYTES, each
 * element `value:index` or `value:index:label`, falling by value along the last dimension, which is k long or as long as
 * it was; rows, and all other dimensions, stay. A row of a single number has a single class. Equal values stay in their
 * order, NaN is last. The very same map when no classes are asked for.
 * @param signature names the labels: the columns of the output
 * @throws {ServingError} `invalid_argument` for less than one class, and for outputs that are no numbers
 * @see Triton's "Classification Extension"
 */
export function classify(outputs: Tensors, { forms }: V2Request, signature: Signature): Tensors {
  if (forms === undefined) return outputs
  let classified: Map<string, Tensor> | undefined
  for (const [name, { classification }] of forms) {
    const tensor = outputs.get(name)
    if (classification === 0 || tensor === undefined) continue
    checkClassification(name, classification)
    if (tensor.datatype === 'BYTES' || tensor.datatype === 'BOOL') throw noNumbers(name, tensor.datatype)
    classified ??= new Map(outputs)
    const spec = signature.outputs.find((output) => output.name === name)
    classified.set(name, topClasses(tensor, classification, spec))
  }
  return classified ?? outputs
}

function noNumbers(name: string, datatype: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `output ${quote(name)} is ${datatype}, which has no classes: ask for it without "classification"`,
    { details: { output: name } },
  )
}

function topClasses(tensor: NumericTensor, most: number, spec: TensorSpec | undefined): BytesTensor {
  const values = numbersOf(tensor)
  // a single dimension that counts rows holds one number for each
  const isRowEach = tensor.shape.length === 0 || (tensor.shape.length === 1 && spec?.shape[0] === -1)
  const outer = isRowEach ? tensor.shape : tensor.shape.slice(0, -1)
  const width = isRowEach ? 1 : (tensor.shape.at(-1) ?? 1)
  const count = Math.min(most, width)
  const labels = spec?.columns?.length === width ? spec.columns : undefined
  const data: Uint8Array[] = []
  for (let from = 0; from < values.length; from += width)
    for (const index of largest(values, from, width, count)) {
      const label = labels === undefined ? '' : `:${labels[index] ?? ''}`
      data.push(Buffer.from(`${textOf(values[from + index] ?? 0, tensor)}:${index}${label}`))
    }
  return { datatype: 'BYTES', shape: [...outer, count], data }
}

type Values = ArrayLike<number> | ArrayLike<bigint>

function numbersOf({ datatype, data }: NumericTensor): Values {
  return isHalf(datatype) ? widenHalves(datatype, data as Uint16Array) : data
}

/** Up to so many, the largest are gathered in one pass; more are sorted. */
const FEW_CLASSES = 16

/** Places of the `count` largest of the values from `from` on, the largest first. */
function largest(values: Values, from: number, width: number, count: number): number[] {
  const isBefore = (a: number, b: number): boolean => order(values, from, a, b) < 0
  if (count > FEW_CLASSES)
    return Array.from({ length: width }, (_, index) => index)
      .sort((a, b) => order(values, from, a, b))
      .slice(0, count)
  const best: number[] = []
  for (let index = 0; index < width; index++) {
    if (best.length === count && !isBefore(index, best[count - 1] ?? 0)) continue
    let place = Math.min(best.length, count - 1)
    for (; place > 0 && isBefore(index, best[place - 1] ?? 0); place--) best[place] = best[place - 1] ?? 0
    best[place] = index
  }
  return best
}

/** Below 0 when the value at `a` stands before the one at `b`. */
function order(values: Values, from: number, a: number, b: number): number {
  const left = values[from + a] ?? 0
  const right = values[from + b] ?? 0
  if (left > right) return -1
  if (left < right) return 1
  const unordered = Number(Number.isNaN(left)) - Number(Number.isNaN(right))
  return unordered === 0 ? a - b : unordered
}

/** The shortest text that reads back as the value. */
function textOf(value: number | bigint, { datatype }: NumericTensor): string {
  const isSingle = datatype === 'FP32' || isHalf(datatype)
  if (typeof value === 'number' && isSingle && Number.isFinite(value)) return printFloats(Float32Array.of(value))
  return Object.is(value, -0) ? '-0' : String(value)
}
