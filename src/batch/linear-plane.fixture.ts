import { ServingError } from '../core/errors.ts'
import type { DataPlane, ServedModel } from '../runtime/plane.ts'
import { checkInputs, selectOutputs, type Signature } from '../tensor/signature.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import { choicesOf } from '../runtime/choices.fixture.ts'

export interface LinearPlaneOptions {
  /** Names of the two columns; none for a model that knows no names. */
  readonly columns?: readonly string[] | undefined
  /** Called with the rows of each call before it is answered; what it throws fails the call. */
  readonly before?: (rows: readonly (readonly [number, number])[]) => Promise<void> | void
  readonly rowsAreIndependent?: boolean
  readonly inputShape?: readonly number[]
  /** Outputs of a request that names none; all when absent. */
  readonly defaultOutputs?: readonly string[]
}

/** A small model for tests of batch jobs: `score` is 2a + b, `sign` its sign. */
export function linearPlane(options: LinearPlaneOptions = {}): {
  plane: DataPlane
  model: ServedModel
  calls: number[]
} {
  const columns = 'columns' in options ? options.columns : ['a', 'b']
  const shape = options.inputShape ?? [-1, 2]
  const signature: Signature = {
    inputs: [{ name: 'x', datatype: 'FP64', shape, ...(columns === undefined ? {} : { columns }) }],
    outputs: [
      { name: 'score', datatype: 'FP64', shape: [-1, 1] },
      { name: 'sign', datatype: 'INT8', shape: [-1] },
    ],
    ...(options.defaultOutputs === undefined ? {} : { defaultOutputs: options.defaultOutputs }),
  }
  const model: ServedModel = {
    name: 'linear',
    version: '0'.repeat(64),
    signature,
    example: new Map(),
    engines: ['arithmetic'],
    batching: { rowsAreIndependent: options.rowsAreIndependent ?? true, reason: 'a row at a time' },
    labels: [],
    choices: choicesOf(),
    state: 'ready',
  }
  const calls: number[] = []
  const plane: DataPlane = {
    isReady: () => true,
    models: () => [model],
    model: () => model,
    async predict(asked, inputs, { call, outputs }) {
      if (call?.aborted === true) throw new ServingError('cancelled', 'the caller went away')
      checkInputs(inputs, signature)
      const { data } = inputs.get('x') as Extract<Tensor, { datatype: 'FP64' }>
      const rows = Array.from(
        { length: data.length / 2 },
        (_, i) => [data[2 * i] ?? 0, data[2 * i + 1] ?? 0] as [number, number],
      )
      calls.push(rows.length)
      await options.before?.(rows)
      const score = Float64Array.from(rows, ([a, b]) => 2 * a + b)
      const sign = Int8Array.from(score, (value) => Math.sign(value))
      return {
        model: asked,
        outputs: new Map(
          selectOutputs(outputs, signature).map((name): [string, Tensor] => [
            name,
            name === 'score' ? tensor('FP64', [rows.length, 1], score) : tensor('INT8', [rows.length], sign),
          ]),
        ),
      }
    },
  }
  return { plane, model, calls }
}
