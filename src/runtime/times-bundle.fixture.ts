import { makeBundle } from '../bundle/make.ts'
import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import type { Engine, LoadOptions } from '../engines/engine.ts'
import type { Datatype } from '../tensor/datatype.ts'
import { tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'

export interface TimesOptions {
  readonly name?: string
  /** What each row of x is multiplied with; negative for a graph that no engine loads. Default: 2. */
  readonly factor?: number
  /** The factor with which the golden rows were recorded. Default: the same. */
  readonly recordedFactor?: number
  readonly rowsAreIndependent?: boolean
}

/** A small bundle for tests of serving: x [rows, 2] FP64 to `product` [rows, 2] and `rows` [rows], the number of its run's rows. */
export function timesBundle(options: TimesOptions = {}): OpenBundle {
  const { name = 'times', factor = 2, recordedFactor = factor, rowsAreIndependent = true } = options
  const spec = (output: string, datatype: Datatype, shape: number[]) => ({ name: output, datatype, shape })
  return makeBundle(
    {
      manifestVersion: 1,
      name,
      signature: {
        inputs: [{ ...spec('x', 'FP64', [-1, 2]), columns: ['a', 'b'] }],
        outputs: [spec('product', 'FP64', [-1, 2]), spec('rows', 'INT64', [-1])],
      },
      program: {
        steps: [
          {
            kind: 'onnx',
            file: 'model.onnx',
            inputs: { x: 'x' },
            outputs: { product: 'product', rows: 'rows' },
            optimization: 'off',
          },
        ],
      },
      batching: { rowsAreIndependent, reason: 'a row at a time' },
      example: { x: { datatype: 'FP64', shape: [1, 2], data: [1, 2] } },
      golden: {
        inputs: { x: { datatype: 'FP64', shape: [1, 2], data: [1, 10] } },
        outputs: { product: { datatype: 'FP64', shape: [1, 2], data: [recordedFactor, 10 * recordedFactor] } },
        tolerance: { relative: 1e-9, absolute: 0 },
        recordedBy: 'times',
      },
      files: {},
      provenance: {
        format: 'onnx',
        source: { fileName: 'times.onnx', sha256: '0'.repeat(64), sizeBytes: 1 },
        producer: '',
        compilerRevision: 1,
      },
    } as Parameters<typeof makeBundle>[0],
    new Map([['model.onnx', new TextEncoder().encode(String(factor))]]),
  )
}

export interface TimesEngine extends Engine {
  /** Factors of the graphs that were loaded, and of those that were released. */
  readonly loaded: number[]
  readonly released: number[]
  /** How each was asked to be loaded. */
  readonly asked: LoadOptions[]
  /** Loads from this one on are refused. */
  refuseFrom: number
  /** Waited for before each answer; absent for answers in the calling tick. */
  gate: Promise<void> | undefined
}

/** The engine of those bundles. A row that begins with -1 makes a run fail. */
export function timesEngine(): TimesEngine {
  const engine: TimesEngine = {
    name: 'times',
    version: '1',
    loaded: [],
    released: [],
    asked: [],
    refuseFrom: Infinity,
    gate: undefined,
    refusal: () => undefined,
    // oxlint-disable-next-line require-await
    async load(step, read, options = {}) {
      if (engine.asked.push(options) > engine.refuseFrom) throw new ServingError('refused', 'not this time')
      const factor = Number(new TextDecoder().decode(read(step.file)))
      if (factor < 0) throw new ServingError('refused', 'the graph is negative')
      engine.loaded.push(factor)
      let isReleased = false
      const run = (inputs: Tensors, wanted: readonly string[]): Tensors => {
        if (isReleased) throw new Error('a step ran after its release; this is a bug')
        const { shape, data } = inputs.get('x') as Extract<Tensor, { datatype: 'FP64' }>
        const [rows = 0] = shape
        if (data.some((value, i) => i % 2 === 0 && value === -1))
          throw new Error('secret text of an engine at /srv/models/times.onnx')
        const outputs = new Map<string, Tensor>([
          [
            'product',
            tensor(
              'FP64',
              [rows, 2],
              data.map((value) => value * factor),
            ),
          ],
          ['rows', tensor('INT64', [rows], new BigInt64Array(rows).fill(BigInt(rows)))],
        ])
        return new Map(wanted.map((name) => [name, outputs.get(name) as Tensor]))
      }
      return {
        run: (inputs, wanted) => engine.gate?.then(() => run(inputs, wanted)) ?? run(inputs, wanted),
        release() {
          isReleased = true
          engine.released.push(factor)
        },
      }
    },
  }
  return engine
}
