import { ServingError } from '../core/errors.ts'
import { choicesOf } from '../runtime/choices.fixture.ts'
import type { DataPlane, ServedModel } from '../runtime/plane.ts'
import { checkInputs, type Signature } from '../tensor/signature.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import type { Protocol, WireRequest, WireResponse } from './protocol.ts'
import { createRouter } from './router.ts'

export const IRIS: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'total', datatype: 'FP32', shape: [-1, 2] },
  ],
}

/** A model of named columns and one output, as a regressor is. */
export const HOUSES: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2], columns: ['rooms', 'age'] }],
  outputs: [{ name: 'total', datatype: 'FP32', shape: [-1] }],
}

export interface SumsPlaneOptions {
  readonly signature?: Signature
  readonly isReady?: boolean
  /** Names that are served, the default first. */
  readonly names?: readonly string[]
  readonly labels?: readonly string[]
  /** In place of an answer. */
  readonly fails?: ServingError
}

/** Answers each row of `x` with its number as `label`, and its sum as `total`: the sum and its double where two are wanted. */
export function sumsPlane(options: SumsPlaneOptions = {}): DataPlane {
  const { signature = IRIS, isReady = true, names = ['iris'], labels = [], fails } = options
  const models = names.map((name): ServedModel => ({
    name,
    version: 'a'.repeat(64),
    signature,
    example: new Map(),
    engines: ['fake'],
    batching: { rowsAreIndependent: true, reason: 'sums' },
    labels,
    choices: choicesOf(),
    state: 'ready',
  }))
  return {
    isReady: () => isReady,
    models: () => models,
    model(name = names[0], version = 'a'.repeat(64)) {
      const model = models.find((each) => each.name === name)
      if (model === undefined) throw new ServingError('not_found', `unknown model "${name}"`)
      if (version !== model.version && !labels.includes(version))
        throw new ServingError('not_found', `model "${name}" has no version "${version}"`)
      return model
    },
    predict(model, inputs) {
      checkInputs(inputs, signature)
      if (fails !== undefined) return Promise.reject(fails)
      const x = inputs.get('x') as Tensor
      const rows = x.shape[0] ?? 0
      const width = rows === 0 ? 0 : x.data.length / rows
      const sums = Array.from({ length: rows }, (_, row) => {
        let sum = 0
        for (let i = row * width; i < (row + 1) * width; i++) sum += Number(x.data[i])
        return sum
      })
      const outputs = signature.outputs.map(({ name, shape }): [string, Tensor] => {
        if (name === 'label')
          return [
            name,
            tensor(
              'INT64',
              [rows],
              BigInt64Array.from(sums, (_, row) => BigInt(row)),
            ),
          ]
        const values = shape.length === 1 ? sums : sums.flatMap((sum) => [sum, 2 * sum])
        return [name, tensor('FP32', [rows, ...shape.slice(1)], Float32Array.from(values))]
      })
      return Promise.resolve({ model, outputs: new Map(outputs) })
    },
  }
}

/** Sends one request through the router. */
export function ask(
  protocols: readonly Protocol[],
  request: Partial<WireRequest>,
  plane: DataPlane,
): Promise<WireResponse> {
  const whole: WireRequest = { method: 'POST', path: '/', query: '', headers: {}, body: new Uint8Array(), ...request }
  return createRouter({ protocols })(whole, plane, { aborted: false })
}
