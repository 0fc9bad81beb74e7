/**
 * Writes `fraud.onnx` from `coefficients.json`: the scaler and the logistic regression as one graph in float64.
 * Run it with `node examples/fraud/make-model.ts`; the same coefficients give the same bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GraphBuilder, int, writeOnnx } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/tensor.ts'

/** What `train.py` writes. */
export interface Coefficients {
  readonly description: string
  readonly versions: Readonly<Record<string, string>>
  readonly features: readonly string[]
  readonly classes: readonly number[]
  readonly means: readonly number[]
  readonly scales: readonly number[]
  readonly coefficients: readonly number[]
  readonly intercept: number
  readonly expected: {
    readonly X: readonly (readonly number[])[]
    readonly predict: readonly number[]
    readonly predict_proba: readonly (readonly number[])[]
  }
}

/** ONNX's number for the datatype that `Cast` gives. @see onnx.proto3, TensorProto.DataType */
const INT64 = 7

/** The model's file: `X` FP64 [rows, features] to `predict` INT64 [rows] and `predict_proba` FP64 [rows, 2]. */
export function makeModel(trained: Coefficients): Uint8Array {
  if (trained.classes.join() !== '0,1')
    throw new Error(`the classes are ${trained.classes.join(', ')}; this graph is for 0 and 1, train with those`)
  const width = trained.features.length
  const graph = new GraphBuilder({ name: 'fraud', docString: trained.description })
  const vector = (name: string, values: readonly number[], shape: readonly number[]) =>
    graph.initializer(tensor('FP64', shape, Float64Array.from(values)), name)
  const column = graph.initializer(tensor('INT64', [1], BigInt64Array.of(1n)), 'column')

  const x = graph.input('X', 'FP64', ['rows', width])
  const centred = graph.op('Sub', [x, vector('means', trained.means, [width])])
  const scaled = graph.op('Div', [centred, vector('scales', trained.scales, [width])])
  const weighted = graph.op('MatMul', [scaled, vector('coefficients', trained.coefficients, [width, 1])])
  const decision = graph.op('Add', [weighted, vector('intercept', [trained.intercept], [1])])

  // as scikit-learn has it: the second class where the decision is above 0, else the first
  const isFraud = graph.op('Greater', [graph.op('Squeeze', [decision, column]), vector('zero', [0], [])])
  graph.op('Cast', [isFraud], { to: int(INT64) }, { outputs: ['predict'] })

  const fraud = graph.op('Sigmoid', [decision])
  const honest = graph.op('Sub', [vector('one', [1], []), fraud])
  graph.op('Concat', [honest, fraud], { axis: int(1) }, { outputs: ['predict_proba'] })

  graph.output('predict', 'INT64', ['rows'])
  graph.output('predict_proba', 'FP64', ['rows', 2])
  graph.metadata('description', trained.description)
  graph.metadata('slipway.columns.X', JSON.stringify(trained.features))
  graph.metadata('slipway.example.X', JSON.stringify(trained.expected.X))
  return writeOnnx(graph.build())
}

if (import.meta.main) {
  const trained = JSON.parse(readFileSync(join(import.meta.dirname, 'coefficients.json'), 'utf8')) as Coefficients
  const bytes = makeModel(trained)
  writeFileSync(join(import.meta.dirname, 'fraud.onnx'), bytes)
  process.stdout.write(`fraud.onnx: ${bytes.byteLength} bytes\n`)
}
