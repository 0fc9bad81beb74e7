import { ServingError } from '../core/errors.ts'
import { choicesOf } from '../runtime/choices.fixture.ts'
import type { DataPlane, ServedModel } from '../runtime/plane.ts'
import { checkInputs, type Signature } from '../tensor/signature.ts'
import { tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'

/** Rows of four numbers; a number and a pair for each. */
export const SUMS: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [
    { name: 'row', datatype: 'INT64', shape: [-1] },
    { name: 'sums', datatype: 'FP32', shape: [-1, 2] },
  ],
}

/** Answers each row with its number, and with its sum and twice that. */
export function sums(inputs: Tensors): Tensors {
  const data = (inputs.get('x') as Tensor).data as Float32Array
  const rows = data.length / 4
  const row = BigInt64Array.from({ length: rows }, (_, index) => BigInt(index))
  const sum = Float32Array.from({ length: rows * 2 }, (_, index) => {
    const from = (index >> 1) * 4
    return (1 + (index % 2)) * data.slice(from, from + 4).reduce((total, value) => total + value)
  })
  return new Map([
    ['row', tensor('INT64', [rows], row)],
    ['sums', tensor('FP32', [rows, 2], sum)],
  ])
}

export interface RowsPlane {
  readonly plane: DataPlane
  /** What the models were run with. */
  readonly asked: Tensors[]
}

/** A plane of models that are `run` alike; the first of them is the default, the first of a name that name's. */
export function rowsPlane(
  models: readonly Partial<ServedModel>[] = [{}],
  run: (inputs: Tensors) => Tensors = sums,
  isReady = true,
): RowsPlane {
  const served = models.map((model, index): ServedModel => ({
    name: 'iris',
    version: String(index + 1)
      .padStart(2, '0')
      .repeat(32),
    signature: SUMS,
    example: new Map(),
    engines: ['fake'],
    batching: { rowsAreIndependent: true, reason: 'a test says so' },
    labels: [],
    choices: choicesOf(),
    state: 'ready',
    ...model,
  }))
  const asked: Tensors[] = []
  const plane: DataPlane = {
    isReady: () => isReady,
    models: () => served,
    model(name, version) {
      const found = served.find(
        (model) =>
          (name ?? served[0]?.name) === model.name &&
          (version === undefined || model.labels.includes(version) || model.version.startsWith(version)),
      )
      if (found !== undefined) return found
      throw new ServingError('not_found', `unknown model ${name ?? ''}`)
    },
    predict(model, inputs) {
      checkInputs(inputs, model.signature)
      asked.push(inputs)
      return Promise.resolve({ model, outputs: run(inputs) })
    },
  }
  return { plane, asked }
}
