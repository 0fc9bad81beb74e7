import { choicesOf } from '../runtime/choices.fixture.ts'
import type { DataPlane, ServedModel } from '../runtime/plane.ts'
import { createFitter } from '../runtime/fit-request.ts'
import type { Signature } from '../tensor/signature.ts'
import { rowsOf, tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'

const OUTPUTS = {
  outputs: [
    { name: 'predict', datatype: 'BYTES', shape: [-1] },
    { name: 'predict_proba', datatype: 'FP64', shape: [-1, 2], columns: ['no', 'yes'] },
  ],
  defaultOutputs: ['predict'],
} as const

/** A pipeline over a data frame: numbers, categories, a text, and columns that it was fitted with and never reads. */
export const FRAME: Signature = {
  inputs: [
    { name: 'id', datatype: 'BYTES', shape: [-1, 1], isUnused: true },
    { name: 'amount', datatype: 'FP64', shape: [-1, 1] },
    { name: 'country', datatype: 'BYTES', shape: [-1, 1] },
    { name: 'note', datatype: 'BYTES', shape: [-1, 1], isNeverMissing: true },
    { name: 'when', datatype: 'BYTES', shape: [-1, 1], isUnused: true },
    { name: 'is_new', datatype: 'FP64', shape: [-1, 1] },
  ],
  ...OUTPUTS,
}

/** A vectorizer of texts, and what is behind it. */
export const TEXTS: Signature = {
  inputs: [{ name: 'X', datatype: 'BYTES', shape: [-1], isNeverMissing: true }],
  ...OUTPUTS,
}

/** A vectorizer of JSON objects. */
export const RECORDS: Signature = {
  inputs: [{ name: 'X', datatype: 'BYTES', shape: [-1], isJson: true, isNeverMissing: true }],
  ...OUTPUTS,
}

/** Answers each row with what it was given, in the model's order and with bars between: `1.5|DE|hi|1`. */
function told(inputs: Tensors): string[] {
  const columns = [...inputs.values()]
  return Array.from({ length: rowsOf(columns[0] as Tensor) }, (_, row) =>
    columns
      .map(({ data }) => (data[row] instanceof Uint8Array ? Buffer.from(data[row]).toString() : data[row]))
      .join('|'),
  )
}

/** A plane of one model, `fraud`, which fits requests as a server's does. */
export function framePlane(signature: Signature = FRAME): DataPlane {
  const fit = createFitter(signature)
  const model: ServedModel = {
    name: 'fraud',
    version: 'a'.repeat(64),
    signature,
    example: new Map(),
    engines: ['fake'],
    batching: { rowsAreIndependent: true, reason: 'a test says so' },
    labels: ['1'],
    choices: choicesOf(),
    state: 'ready',
  }
  return {
    isReady: () => true,
    models: () => [model],
    model: () => model,
    async predict(_model, given, { outputs }) {
      const { inputs, rows, wanted } = fit(given, outputs)
      const ordered = new Map(
        signature.inputs.flatMap(({ name }) => (inputs.has(name) ? [[name, inputs.get(name) as Tensor]] : [])),
      )
      const all = new Map<string, Tensor>([
        [
          'predict',
          tensor(
            'BYTES',
            [rows],
            told(ordered).map((text) => Buffer.from(text)),
          ),
        ],
        ['predict_proba', tensor('FP64', [rows, 2], new Float64Array(2 * rows).fill(0.5))],
      ])
      return await Promise.resolve({ model, outputs: new Map(wanted.map((name) => [name, all.get(name) as Tensor])) })
    },
  }
}
