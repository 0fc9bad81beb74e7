import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { fromJsonTensor, type JsonTensor } from '../bundle/json-tensor.ts'
import type { Golden } from '../bundle/manifest.ts'
import type { Datatype } from '../tensor/datatype.ts'
import { isSameShape } from '../tensor/shape.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import type { LoadedProgram, Place } from './program.ts'

export type Tolerance = Golden['tolerance']

/**
 * Runs the recorded rows and compares.
 * @param place where they are run
 * @throws {ServingError} `refused` naming the first element that differs by more than the bundle allows
 */
export async function replayGolden(program: LoadedProgram, golden: Golden, place: Place = 'in-tick'): Promise<void> {
  const inputs = tensorsOf(golden.inputs, 'golden inputs')
  const expected = tensorsOf(golden.outputs, 'golden outputs')
  const found = await runRecorded(program, inputs, [...expected.keys()], place)
  for (const [name, tensor] of expected) {
    const difference = firstDifference(found.get(name), tensor, golden.tolerance)
    if (difference === undefined) continue
    throw new ServingError(
      'refused',
      `on this machine the model answers its recorded rows otherwise (${program.engines.join(', ')}): ${quote(name)} ${difference}`,
      { details: { reason: 'golden_rows', output: name } },
    )
  }
}

/** A bundle whose own rows make its model fail is not to be served. */
async function runRecorded(
  program: LoadedProgram,
  inputs: Tensors,
  wanted: readonly string[],
  place: Place,
): Promise<Tensors> {
  try {
    return await program.run(inputs, wanted, place)
  } catch (error) {
    const { message } = ServingError.from(error)
    throw new ServingError('refused', `the model fails on its recorded rows: ${message}`, {
      cause: error,
      details: { reason: 'golden_rows' },
    })
  }
}

/** Recorded tensors by name. */
export function tensorsOf(recorded: Readonly<Record<string, JsonTensor>>, where: string): Map<string, Tensor> {
  return new Map(
    Object.entries(recorded).map(([name, json]) => [name, fromJsonTensor(json, `${where}, ${quote(name)}`)]),
  )
}

/** Whether two sets of tensors agree within the tolerance: undefined, or where they do not. */
export function firstDifferenceOf(found: Tensors, expected: Tensors, tolerance: Tolerance): string | undefined {
  for (const [name, tensor] of expected) {
    const difference = firstDifference(found.get(name), tensor, tolerance)
    if (difference !== undefined) return `${quote(name)} ${difference}`
  }
  return undefined
}

/** The first element that differs, in words; undefined when all agree. */
export function firstDifference(found: Tensor | undefined, expected: Tensor, tolerance: Tolerance): string | undefined {
  if (found === undefined) return 'is missing'
  if (found.datatype !== expected.datatype) return `is ${found.datatype}, recorded was ${expected.datatype}`
  if (!isSameShape(found.shape, expected.shape))
    return `has the shape [${found.shape.join(',')}], recorded was [${expected.shape.join(',')}]`
  for (let i = 0; i < expected.data.length; i++) {
    const a = found.data[i]
    const b = expected.data[i]
    if (a !== undefined && b !== undefined && agree(a, b, expected.datatype, tolerance)) continue
    return `has ${show(a)} at element ${i}, recorded was ${show(b)}`
  }
  return undefined
}

function agree(
  a: number | bigint | Uint8Array,
  b: number | bigint | Uint8Array,
  datatype: Datatype,
  tolerance: Tolerance,
): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (typeof a === 'bigint' || typeof b === 'bigint') return a === b
  if (datatype === 'FP16' || datatype === 'BF16')
    return isNear(halfToNumber(a, datatype), halfToNumber(b, datatype), {
      relative: Math.max(tolerance.relative, 1e-2),
      absolute: Math.max(tolerance.absolute, 1e-3),
    })
  if (datatype === 'FP32' || datatype === 'FP64') return isNear(a, b, tolerance)
  return a === b
}

function isNear(found: number, expected: number, { relative, absolute }: Tolerance): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(found)
  if (!Number.isFinite(expected)) return found === expected
  return Math.abs(found - expected) <= absolute + relative * Math.abs(expected)
}

function halfToNumber(bits: number, datatype: 'FP16' | 'BF16'): number {
  if (datatype === 'BF16') return new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? Number.NaN
  return new Float16Array(Uint16Array.of(bits).buffer)[0] ?? Number.NaN
}

function show(value: number | bigint | Uint8Array | undefined): string {
  return value instanceof Uint8Array ? quote(Buffer.from(value).toString('utf8')) : String(value)
}
