import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OnnxStep } from '../../src/bundle/program.ts'
import {
  attachExternalData,
  externalFiles,
  GraphBuilder,
  int,
  readOnnx,
  signatureValues,
  writeOnnx,
} from '../../src/onnx/index.ts'
import { ARRAY_OF, DATATYPES, isBigInt, type Datatype, type NumericDatatype } from '../../src/tensor/datatype.ts'
import { elementCount } from '../../src/tensor/shape.ts'
import { tensor, type Tensor, type Tensors } from '../../src/tensor/tensor.ts'
import {
  failingModel,
  hungryModel,
  linearModel,
  sequenceModel,
  textModel,
  twoInputModel,
} from '../../test/support/models.ts'

/** A model with questions that are asked again and again. */
export interface SoakModel {
  readonly name: string
  readonly graph: Uint8Array
  readonly optimization: OnnxStep['optimization']
  readonly outputs: readonly string[]
  readonly questions: readonly Tensors[]
}

/** A number from 0 up to, not including, `below`. */
export type Dice = (below: number) => number

/** Dice that fall the same way for the same seed (mulberry32). */
export function diceFrom(seed: number): Dice {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const root = join(import.meta.dirname, '../..')

/** Sizes for dimensions that a model leaves open: none, one, many, and more than is kept ready. */
const SIZES = [1, 0, 2, 3, 7, 16, 33, 64, 200, 1500]

/** Models of many kinds: linear, trees, text, control flow, every datatype, outputs of changing shape, some that fail. */
export function soakModels(dice: Dice): SoakModel[] {
  const graphs: [string, Uint8Array][] = [
    ['fraud', readFileSync(join(root, 'examples/fraud/fraud.onnx'))],
    ['linear', linearModel()],
    ['text', textModel()],
    ['two inputs', twoInputModel()],
    ['sequence', sequenceModel(false)],
    ['failing', failingModel()],
    ['hungry', hungryModel(4)],
    ['non-zero', nonZero()],
    ['wide', wide()],
    ...DATATYPES.map((datatype): [string, Uint8Array] => [`same ${datatype}`, same(datatype)]),
    ...fixtures(),
  ]
  return graphs.map(([name, graph]) => modelOf(name, graph, dice))
}

function fixtures(): [string, Uint8Array][] {
  const folder = join(root, 'src/onnx/fixtures')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => {
      const model = readOnnx(readFileSync(join(folder, file)))
      const beside = new Map(externalFiles(model).map((path) => [path, readFileSync(join(folder, path))]))
      return [file, writeOnnx(attachExternalData(model, beside))]
    })
}

function same(datatype: Datatype): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', datatype, ['rows', 3])
  graph.output(graph.op('Identity', [x], {}, { outputs: ['y'] }), datatype, ['rows', 3])
  return writeOnnx(graph.build())
}

/** The places of what is not zero: a shape that hangs on values. */
function nonZero(): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP32', ['rows'])
  graph.output(graph.op('NonZero', [graph.op('Round', [x])], {}, { outputs: ['y'] }), 'INT64', [1, undefined])
  return writeOnnx(graph.build())
}

/** Three layers of 256: with weights enough to have an arena, and to take some time. */
function wide(): Uint8Array {
  const graph = new GraphBuilder()
  let x = graph.input('x', 'FP32', ['rows', 256])
  for (let layer = 0; layer < 3; layer++) {
    const weights = Float32Array.from({ length: 256 * 256 }, (_, i) => Math.sin(i * (layer + 1)) / 16)
    x = graph.op('Relu', [graph.op('MatMul', [x, graph.initializer(tensor('FP32', [256, 256], weights))])])
  }
  graph.op('Softmax', [x], { axis: int(-1) }, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows', 256])
  return writeOnnx(graph.build())
}

function modelOf(name: string, graph: Uint8Array, dice: Dice): SoakModel {
  const { inputs, outputs } = signatureValues(readOnnx(graph))
  const questions = SIZES.map((size) => {
    const tensors = inputs.map(({ name, type }): [string, Tensor] => {
      if (type?.kind !== 'tensor') throw new Error(`${name} is no tensor; this is a bug`)
      const shape = (type.shape ?? []).map((found) => (typeof found === 'number' ? found : size))
      return [name, filled(type.datatype as Datatype, shape, dice)]
    })
    return new Map(tensors)
  })
  const usesDoubles = inputs.some(({ type }) => type?.kind === 'tensor' && type.datatype === 'FP64')
  const names = outputs.map((output) => output.name)
  return { name, graph, optimization: usesDoubles ? 'basic' : 'all', outputs: names, questions }
}

function filled(datatype: Datatype, shape: readonly number[], dice: Dice): Tensor {
  const count = elementCount(shape)
  if (datatype === 'BYTES') {
    const element = () => Buffer.from(Array.from({ length: dice(12) }, () => dice(128)))
    return { datatype, shape, data: Array.from({ length: count }, element) }
  }
  const data = new ARRAY_OF[datatype as NumericDatatype](count)
  for (let i = 0; i < count; i++) {
    const value = dice(datatype === 'BOOL' ? 2 : 100)
    if (isBigInt(datatype)) data[i] = BigInt(value)
    else data[i] = datatype.startsWith('FP') ? value / 16 - 3 : value
  }
  return { datatype, shape, data } as Tensor
}
