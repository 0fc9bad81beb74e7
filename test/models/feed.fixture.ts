import type { Datatype } from '../../src/tensor/datatype.ts'
import { tensor, type Tensor, type Tensors } from '../../src/tensor/tensor.ts'
import { toNumber, type CaseColumn, type CaseInput, type CaseValue } from './case.fixture.ts'

interface Spec {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

/**
 * A case's rows as the tensors that a signature asks for: a plain array is one `X`, a frame has an input for each column,
 * text and dicts are a BYTES `X`.
 * @throws {Error} when the signature is not the one that such rows must have
 */
export function feed(input: CaseInput, inputs: readonly Spec[]): Tensors {
  switch (input.kind) {
    case 'frame':
      return feedFrame(input.columns, inputs)
    case 'text':
      return only(inputs, (spec) => texts(spec, input.data, [input.data.length]))
    case 'records':
      return only(inputs, (spec) => {
        const rows = input.data.map((row) => JSON.stringify(row))
        return texts(spec, rows, [rows.length])
      })
    case 'array':
      return only(inputs, (spec) => {
        const width = input.shape[1]
        if (width !== undefined && spec.shape.length === 2 && spec.shape[1] !== -1 && spec.shape[1] !== width)
          throw new Error(`the input is [${spec.shape.join(',')}], the rows have ${width} columns`)
        return convert(spec, input.data, input.shape)
      })
  }
}

/** Row `from` up to `to` of a case's rows. */
export function sliceInput(input: CaseInput, from: number, to: number): CaseInput {
  switch (input.kind) {
    case 'frame':
      return {
        kind: 'frame',
        columns: input.columns.map((column) => ({ ...column, data: column.data.slice(from, to) })),
      }
    case 'text':
      return { kind: 'text', data: input.data.slice(from, to) }
    case 'records':
      return { kind: 'records', data: input.data.slice(from, to) }
    case 'array': {
      const width = input.data.length / (input.shape[0] ?? 1)
      const shape = [to - from, ...input.shape.slice(1)]
      return { ...input, shape, data: input.data.slice(from * width, to * width) }
    }
  }
}

function only(inputs: readonly Spec[], make: (spec: Spec) => Tensor): Tensors {
  const spec = inputs[0]
  if (spec === undefined || inputs.length > 1 || spec.name !== 'X')
    throw new Error(`the inputs are ${inputs.map(({ name }) => name).join(', ')}; there should be one, X`)
  return new Map([['X', make(spec)]])
}

function feedFrame(columns: readonly CaseColumn[], inputs: readonly Spec[]): Tensors {
  return new Map(
    inputs.map((spec) => {
      const column = columns.find(({ name }) => String(name) === spec.name)
      if (column === undefined) throw new Error(`the input ${spec.name} is no column of the frame`)
      if (spec.shape.length !== 2 || spec.shape[1] !== 1)
        throw new Error(`the input ${spec.name} is [${spec.shape.join(',')}], a column is [-1,1]`)
      return [spec.name, convert(spec, column.data, [column.data.length, 1])]
    }),
  )
}

function convert(spec: Spec, values: readonly CaseValue[], shape: readonly number[]): Tensor {
  switch (spec.datatype) {
    case 'BYTES':
      return texts(spec, values.map(toText), shape)
    case 'FP64':
      if (values.some((value) => typeof value === 'string' && Number.isNaN(Number(value)) && value !== 'NaN'))
        throw new Error(`the input ${spec.name} is FP64, the rows hold text`)
      return tensor('FP64', shape, Float64Array.from(values, toNumber))
    default:
      throw new Error(`the input ${spec.name} is ${spec.datatype}; numbers are FP64, texts BYTES`)
  }
}

/** As text, the way a caller would write it: None is empty, whole numbers have no point. */
function toText(value: CaseValue): string {
  if (value === null || value === 'NaN') return ''
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}

function texts(spec: Spec, values: readonly string[], shape: readonly number[]): Tensor {
  if (spec.datatype !== 'BYTES') throw new Error(`the input ${spec.name} is ${spec.datatype}; texts are BYTES`)
  return tensor(
    'BYTES',
    shape,
    values.map((value) => Buffer.from(value, 'utf8')),
  )
}
