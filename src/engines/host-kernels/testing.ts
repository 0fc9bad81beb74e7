import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { expect } from 'vitest'
import type { OnnxStep } from '../../bundle/program.ts'
import { writeOnnx, type OnnxModel } from '../../onnx/index.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { hostKernels } from './engine.ts'

const ORT_TYPES: Readonly<Partial<Record<Datatype, OrtTensor.Type>>> = {
  FP32: 'float32',
  FP64: 'float64',
  INT64: 'int64',
  INT32: 'int32',
  BOOL: 'bool',
}

/** The step that runs a whole graph: each value under its own name. */
export function stepOf(model: OnnxModel, outputs = model.graph.outputs.map((output) => output.name)): OnnxStep {
  const same = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, name]))
  return {
    kind: 'onnx',
    file: 'model.onnx',
    inputs: same(model.graph.inputs.flatMap(({ name }) => (model.graph.initializers.has(name) ? [] : [name]))),
    outputs: same(outputs),
    optimization: 'basic',
  }
}

/** Why the kernels do not take a model; undefined when they do. */
export function refusalOf(model: OnnxModel, outputs?: readonly string[]): string | undefined {
  const bytes = writeOnnx(model)
  return hostKernels.refusal(stepOf(model, outputs?.slice()), () => bytes)
}

/** Runs a model on the kernels. */
export async function runHost(model: OnnxModel, inputs: Tensors, wanted?: readonly string[]): Promise<Tensors> {
  const step = stepOf(model)
  const bytes = writeOnnx(model)
  const loaded = await hostKernels.load(step, () => bytes)
  const outputs = await loaded.run(inputs, wanted ?? Object.keys(step.outputs))
  loaded.release()
  return outputs
}

/** Runs a model's bytes on ONNX Runtime, unoptimised, in one thread. */
export async function runOnnxRuntime(bytes: Uint8Array, inputs: Tensors, outputs: readonly string[]): Promise<Tensors> {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  const feeds = Object.fromEntries([...inputs].map(([name, tensor]) => [name, toOrt(tensor)]))
  const results = await session.run(feeds, [...outputs])
  await session.release()
  return new Map(outputs.map((name) => [name, fromOrt(results[name] as OrtTensor)]))
}

function toOrt(tensor: Tensor): OrtTensor {
  const type = ORT_TYPES[tensor.datatype]
  if (type === undefined) throw new Error(`no test feeds ${tensor.datatype}; this is a bug`)
  return new OrtTensor(type as 'float32', tensor.data as Float32Array, tensor.shape)
}

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  if (type === 'string')
    return { datatype: 'BYTES', shape: dims, data: (data as string[]).map((text) => new TextEncoder().encode(text)) }
  const datatype = Object.entries(ORT_TYPES).find(([, ort]) => ort === type)?.[0]
  return { datatype, shape: dims, data } as unknown as Tensor
}

export interface Tolerance {
  /** Of the larger number. Default: 1e-5 in FP32, 1e-12 in FP64. */
  readonly relative?: number
  /** Default: 1e-6 in FP32, 1e-13 in FP64; sums of numbers that cancel out need more. */
  readonly absolute?: number
}

/** Runs a model on both engines and expects the same of both; gives the kernels' outputs. */
export async function expectAgreement(model: OnnxModel, inputs: Tensors, tolerance: Tolerance = {}): Promise<Tensors> {
  expect(refusalOf(model)).toBeUndefined()
  const names = model.graph.outputs.map((output) => output.name)
  const theirs = await runOnnxRuntime(writeOnnx(model), inputs, names)
  const ours = await runHost(model, inputs)
  for (const name of names) expectSame(ours.get(name) as Tensor, theirs.get(name) as Tensor, name, tolerance)
  return ours
}

/** Expects two tensors to be one: integers, text and shapes exactly, floats within a tolerance. */
export function expectSame(ours: Tensor, theirs: Tensor, name: string, tolerance: Tolerance = {}): void {
  expect({ name, datatype: ours.datatype, shape: [...ours.shape] }).toEqual({
    name,
    datatype: theirs.datatype,
    shape: [...theirs.shape],
  })
  expect(ours.data.constructor, name).toBe(theirs.data.constructor)
  if (ours.datatype !== 'FP32' && ours.datatype !== 'FP64') {
    expect([...(ours.data as ArrayLike<unknown> & Iterable<unknown>)], name).toEqual([...(theirs.data as never[])])
    return
  }
  const isFloat = ours.datatype === 'FP32'
  const { relative = isFloat ? 1e-5 : 1e-12, absolute = isFloat ? 1e-6 : 1e-13 } = tolerance
  const found = ours.data as Float32Array
  const expected = theirs.data as Float32Array
  for (const [i, a] of found.entries()) {
    const b = expected[i] as number
    if (Object.is(a, b) || a === b) continue
    const within = Math.abs(a - b) <= absolute + relative * Math.max(Math.abs(a), Math.abs(b))
    if (!within) expect.fail(`${name}[${i}] is ${a}, ONNX Runtime has ${b}`)
  }
}

/** A small generator of random numbers, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Floats of all kinds: ordinary ones, and where asked NaN, infinities, zeros and whole numbers among them. */
export function randomFloats(random: () => number, count: number, isWild = true): number[] {
  const wild = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 1e-30, -1e30, 0.5, 3, -2.5]
  return Array.from({ length: count }, () =>
    isWild && random() < 0.25 ? (wild[Math.floor(random() * wild.length)] as number) : (random() - 0.5) * 8,
  )
}

/** A tensor of FP32 or FP64. */
export function floatTensor(datatype: 'FP32' | 'FP64', shape: readonly number[], values: readonly number[]): Tensor {
  return datatype === 'FP32'
    ? { datatype, shape, data: Float32Array.from(values) }
    : { datatype, shape, data: Float64Array.from(values) }
}

/** The numbers of one output. */
export function numbersOf(outputs: Tensors, name: string): number[] {
  const found = outputs.get(name)
  if (found === undefined) throw new Error(`there is no output ${name}; this is a bug`)
  return Array.from(found.data as ArrayLike<number>, Number)
}
