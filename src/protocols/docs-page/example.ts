import type { Datatype } from '../../tensor/datatype.ts'
import { widenHalves } from '../../tensor/half.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { shortest } from '../shortest.ts'

/** Most fields that a form gets for one input; wider inputs get one text area. */
const MAX_FIELDS = 100

/** Most elements of an example that a page carries. */
const MAX_EXAMPLE_ELEMENTS = 5_000

/** How the form asks for one input. */
export type InputForm =
  | { readonly kind: 'fields'; readonly fields: readonly Field[] }
  /** Nested JSON in a text area; `text` is empty when the example is too large for a page. */
  | { readonly kind: 'json'; readonly text: string; readonly isTooLarge: boolean }

export interface Field {
  readonly label: string
  readonly control: 'number' | 'whole' | 'boolean' | 'text'
  /** As the control shows it; `''` where a number is not finite. */
  readonly value: string
}

/**
 * How to ask for an input: a field per column where one row has named columns or a single value, else nested JSON.
 * @param example the bundle's example, one row of each input
 */
export function formOf(spec: TensorSpec, example: Tensors): InputForm {
  const given = example.get(spec.name)
  const labels = labelsOf(spec)
  if (labels !== undefined && labels.length <= MAX_FIELDS) {
    const values = given === undefined ? [] : elementTexts(given, labels.length)
    const control = controlOf(spec.datatype)
    return { kind: 'fields', fields: labels.map((label, i) => ({ label, control, value: values[i] ?? '' })) }
  }
  if (given === undefined || given.data.length > MAX_EXAMPLE_ELEMENTS)
    return { kind: 'json', text: '', isTooLarge: given !== undefined }
  return { kind: 'json', text: nestedJson(given), isTooLarge: false }
}

function labelsOf({ name, shape, columns }: TensorSpec): readonly string[] | undefined {
  const width = shape.length < 2 ? 1 : shape[1]
  const isOneRow = shape.length <= 2 && (shape[0] === undefined || shape[0] === -1 || shape[0] === 1)
  if (!isOneRow) return undefined
  if (columns !== undefined && columns.length === width) return columns
  return width === 1 ? [name] : undefined
}

function controlOf(datatype: Datatype): Field['control'] {
  if (datatype === 'BYTES') return 'text'
  if (datatype === 'BOOL') return 'boolean'
  return datatype.startsWith('FP') || datatype === 'BF16' ? 'number' : 'whole'
}

/** The first `most` elements as plain text: numbers as JSON writes them, `''` for those that JSON cannot write. */
function elementTexts(source: Tensor, most: number): string[] {
  if (source.datatype === 'BYTES') return source.data.slice(0, most).map((bytes) => new TextDecoder().decode(bytes))
  if (source.datatype === 'BOOL') return Array.from(source.data.subarray(0, most), (bit) => String(bit !== 0))
  // a half takes part in JSON as a single, which must be one that it holds: all of its digits
  if (source.datatype === 'FP16' || source.datatype === 'BF16')
    return Array.from(widenHalves(source.datatype, source.data.subarray(0, most)), (v) => decimalText(v, Number))
  if (source.datatype === 'FP32') return Array.from(source.data.subarray(0, most), (v) => decimalText(v, Math.fround))
  if (source.datatype === 'FP64') return Array.from(source.data.subarray(0, most), (v) => decimalText(v, Number))
  return Array.from(source.data.subarray(0, most), String)
}

/** The shortest decimal that `round` takes back to the value; `''` for what is not finite. */
function decimalText(value: number, round: (decimal: number) => number): string {
  return Number.isFinite(value) ? String(shortest(value, round)) : ''
}

/** A tensor as nested JSON lists, one line for each innermost list. */
function nestedJson(source: Tensor): string {
  const isText = source.datatype === 'BYTES'
  const literals = elementTexts(source, source.data.length).map((text) => {
    if (isText) return JSON.stringify(text)
    return text === '' ? 'null' : text
  })
  if (source.shape.length === 0) return literals[0] ?? ''
  let at = 0
  function list(axis: number, indent: string): string {
    const size = source.shape[axis] ?? 0
    if (axis === source.shape.length - 1) {
      at += size
      return `[${literals.slice(at - size, at).join(', ')}]`
    }
    const inner = Array.from({ length: size }, () => `${indent}  ${list(axis + 1, `${indent}  `)}`)
    return size === 0 ? '[]' : `[\n${inner.join(',\n')}\n${indent}]`
  }
  return list(0, '')
}
