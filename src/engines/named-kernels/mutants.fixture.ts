import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromJsonTensor, type JsonTensor } from '../../bundle/json-tensor.ts'
import type { Dice } from '../../core/dice.fixture.ts'
import { ServingError } from '../../core/errors.ts'
import { elementCount } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { loadKernel } from './load.ts'

const CODES = ['refused', 'invalid_argument', 'too_large']

/** A kernel as a model names it, and what the model feeds it. */
interface Sample {
  readonly kernel: string
  readonly outputs: readonly string[]
  readonly parameters: unknown
  readonly inputs: readonly JsonTensor[]
}

/** Of compiled models, and written by hand where those are long. */
const SAMPLES = JSON.parse(readFileSync(join(import.meta.dirname, 'kernel-samples.json'), 'utf8')) as readonly Sample[]

/** Names of the kernels that there are samples of. */
export const SAMPLED: ReadonlySet<string> = new Set(SAMPLES.map(({ kernel }) => kernel))

/**
 * Changes a kernel's parameters in some places, or what it is fed, and runs it.
 * @param only the kernel's name; any one where it is absent
 * @returns whether it ran
 * @throws what is neither rows as many as were fed nor a refusal in words
 */
export function fuzzKernel(dice: Dice, only?: string): boolean {
  const sample = dice.pick(SAMPLES.filter(({ kernel }) => only === undefined || kernel === only))
  const inputs = sample.inputs.map((input) => fromJsonTensor(input, 'a sample'))
  const holder: { root: unknown } = { root: structuredClone(sample.parameters) }
  for (let left = dice.pick([0, 1, 1, 1, 2, 3, 6]); left > 0; left--) damage(dice, holder)
  const bytes = Buffer.from(JSON.stringify(holder.root) ?? '')
  let fed = [...inputs]
  for (let left = dice.pick([0, 0, 1, 1, 2]); left > 0; left--) fed = damageInputs(dice, fed)
  const names = dice.roll(20) === 0 ? ['in0', 'in2'] : fed.map((_, i) => `in${i}`)
  const step = {
    kind: 'kernel' as const,
    kernel: sample.kernel,
    file: 'kernels/1.json',
    inputs: Object.fromEntries(names.map((name, i) => [name, `value ${i}`])),
    outputs: {},
  }
  try {
    const loaded = loadKernel(step, () => bytes)
    const wanted = sample.outputs
    const outputs = loaded.run(new Map(names.map((name, i) => [name, fed[i] as Tensor])), wanted)
    if (outputs instanceof Promise) throw new Error('a kernel works elsewhere')
    for (const name of wanted) checkOutput(outputs.get(name), fed[0]?.shape[0] ?? 0)
    return true
  } catch (error) {
    if (!(error instanceof ServingError)) throw error
    // what was caught because no check had seen it is a defect
    if (error.cause instanceof Error && !(error.cause instanceof SyntaxError)) throw error.cause
    if (CODES.includes(error.code) && error.message.length < 20_000) return false
    throw error
  }
}

function checkOutput(output: Tensor | undefined, rows: number): void {
  if (output === undefined) throw new Error('an output is missing')
  const { datatype, shape, data } = output
  if (shape[0] !== rows || elementCount(shape) !== data.length) throw new Error(`${shape.join()} for ${rows} rows`)
  const isFitting =
    datatype === 'FP64'
      ? data instanceof Float64Array
      : datatype === 'INT64'
        ? data instanceof BigInt64Array
        : datatype === 'BYTES' && Array.isArray(data) && data.every((each) => each instanceof Uint8Array)
  if (!isFitting) throw new Error(`an output of ${datatype} is something else`)
}

const NUMBERS = [0, -1, 1, 2, 3, 7, 64, 0.5, 1e6, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 1e300, -1e300]
const TEXTS = [
  '',
  'NaN',
  'Infinity',
  '-Infinity',
  '__proto__',
  'precomputed',
  'x'.repeat(300),
  'AAAAAAAA8D8=',
  '\ud800',
]

/** Somewhere in a document, something becomes something else. */
function damage(dice: Dice, holder: { root: unknown }): void {
  const places: { readonly of: Record<string, unknown>; readonly key: string }[] = []
  const open: unknown[] = [holder]
  for (let next = open.pop(); next !== undefined && places.length < 5_000; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const of = next as Record<string, unknown>
    // a few of a long list stand for all
    for (const key of Object.keys(of).slice(0, 40)) {
      places.push({ of, key })
      open.push(of[key])
    }
  }
  if (places.length === 0) return
  const { of, key } = dice.pick(places)
  const value = of[key]
  const kind = dice.roll(8)
  if (kind === 0) delete of[key]
  else if (kind === 1 && Array.isArray(value)) of[key] = damagedList(dice, value)
  else if (kind === 1 && typeof value === 'string') of[key] = damagedText(dice, value)
  else if (kind === 2 && typeof value === 'number') of[key] = value + dice.pick([1, -1, 0.5, 1000])
  else if (kind === 3) of[key] = structuredClone(dice.pick(places).of)
  else if (kind === 4) of[key] = dice.pick(TEXTS)
  else if (kind === 5) of[key] = dice.pick([null, true, [], {}, [[]], [null], { length: 1e9 }])
  else of[key] = dice.pick(NUMBERS)
}

function damagedList(dice: Dice, list: readonly unknown[]): unknown[] {
  const at = dice.roll(Math.max(1, list.length))
  const kind = dice.roll(5)
  if (kind === 0) return [...list.slice(0, at), ...list.slice(at + 1)]
  if (kind === 1) return [...list, ...list.slice(0, 3)]
  if (kind === 2) return list.toReversed()
  if (kind === 3) return list.map(() => list[at])
  return []
}

/** Packed numbers among them: other bits, fewer, more. */
function damagedText(dice: Dice, text: string): string {
  const at = dice.roll(Math.max(1, text.length))
  const kind = dice.roll(4)
  if (kind === 0) return text.slice(0, at)
  if (kind === 1) return text + text
  if (kind === 2) {
    const bytes = Buffer.from(text, 'base64')
    const place = 8 * dice.roll(Math.max(1, bytes.length >> 3))
    if (place + 8 <= bytes.length) bytes.writeDoubleLE(dice.pick([...NUMBERS, Number.NaN, Infinity]), place)
    return bytes.toString('base64')
  }
  return `${text.slice(0, at)}${dice.pick(['A', '/', 'é', ' '])}${text.slice(at + 1)}`
}

const FED = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, 1e9, -1e300, 5e-324]
const WORDS = ['', ' ', 'a b a', '[[[[', '{"a": {}}', '[["a", 1]]', '[[[]]]', '1e999', '\u0660', 'é'.repeat(50)]

function damageInputs(dice: Dice, inputs: readonly Tensor[]): Tensor[] {
  const at = dice.roll(Math.max(1, inputs.length))
  const tensor = inputs[at]
  if (tensor === undefined) return [...inputs]
  const kind = dice.roll(7)
  if (kind === 0) return inputs.filter((_, i) => i !== at)
  if (kind === 1) return [...inputs, tensor]
  if (kind === 2)
    return inputs.with(at, anyTensor(dice, dice.pick([[], [0], [1], [3], [2, 3], [3, 0], [0, 4], [2, 2, 2]])))
  if (kind === 3) return inputs.with(at, withFewerRows(tensor, dice.roll((tensor.shape[0] ?? 0) + 1)))
  if (kind === 4) return inputs.with(at, anyTensor(dice, tensor.shape, tensor.datatype))
  if (kind === 5) return inputs.map((each) => withFewerRows(each, Math.min(1, each.shape[0] ?? 0)))
  return inputs.with(at, { ...tensor, shape: dice.pick([[...tensor.shape, 1], tensor.shape.toReversed()]) })
}

function withFewerRows(tensor: Tensor, rows: number): Tensor {
  const [before = 1, ...rest] = tensor.shape
  const perRow = before === 0 ? 0 : tensor.data.length / before
  return { ...tensor, shape: [rows, ...rest], data: tensor.data.slice(0, rows * perRow) } as Tensor
}

function anyTensor(dice: Dice, shape: readonly number[], datatype?: Tensor['datatype']): Tensor {
  const kind = datatype ?? dice.pick(['FP64', 'FP32', 'INT64', 'BYTES', 'UINT8'] as const)
  const places = Array.from({ length: elementCount(shape) })
  if (kind === 'BYTES') return { datatype: kind, shape, data: places.map(() => Buffer.from(dice.pick(WORDS))) }
  if (kind === 'INT64')
    return { datatype: kind, shape, data: BigInt64Array.from(places, () => dice.pick([0n, -1n, 1n, 7n, 2n ** 40n])) }
  if (kind === 'FP32') return { datatype: kind, shape, data: Float32Array.from(places, () => dice.pick(FED)) }
  if (kind === 'UINT8') return { datatype: kind, shape, data: Uint8Array.from(places, () => dice.roll(256)) }
  return { datatype: 'FP64', shape, data: Float64Array.from(places, () => dice.pick(FED)) }
}
