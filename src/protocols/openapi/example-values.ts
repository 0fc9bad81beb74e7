import { isHalf, widenHalves } from '../../tensor/half.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { shortest } from '../shortest.ts'
import { exactNumber } from './schema.ts'

/** Most elements of an example that a document carries. */
const MAX_ELEMENTS = 5_000

/**
 * The elements of an input's example as JSON values: numbers that read back as the same values, 64-bit integers with all
 * digits, null for those that JSON cannot hold, text for bytes. Undefined when there are too many for a document, or
 * bytes that are no text.
 */
export function exampleValues({ name }: TensorSpec, example: Tensors): readonly unknown[] | undefined {
  const tensor = example.get(name)
  if (tensor === undefined || tensor.data.length > MAX_ELEMENTS) return undefined
  if (tensor.datatype !== 'BYTES') return numbersOf(tensor)
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return tensor.data.map((bytes) => decoder.decode(bytes))
  } catch {
    return undefined // JSON texts cannot hold it
  }
}

function numbersOf(tensor: Exclude<Tensor, { datatype: 'BYTES' }>): readonly unknown[] {
  const { datatype, data } = tensor
  if (datatype === 'BOOL') return Array.from(data, (bit) => bit !== 0)
  if (datatype === 'INT64' || datatype === 'UINT64') return Array.from(data, (value) => exactNumber(String(value)))
  if (isHalf(datatype)) return Array.from(widenHalves(datatype, data as Uint16Array), finite)
  if (datatype === 'FP32') return Array.from(data, (value) => finite(shortest(value, Math.fround)))
  return Array.from(data as Float64Array, finite)
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** A flat list of values as nested lists of a shape. */
export function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  const [size, ...inner] = shape
  if (size === undefined) return values[0]
  const step = size === 0 ? 0 : values.length / size
  return Array.from({ length: size }, (_, i) => nest(values.slice(i * step, (i + 1) * step), inner))
}
