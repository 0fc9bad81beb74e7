import { int, string, strings } from '../../../onnx/index.ts'
import type { NumericTensor } from '../../../tensor/tensor.ts'
import { Dim } from '../dim.ts'
import { dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { TensorValue, tuple, unsupported } from '../values.ts'
import { single } from './arithmetic.ts'
import { alike, linear } from './linear.ts'

type Kind = 'LSTM' | 'GRU' | 'RNN'

/** Torch's gates in ONNX's order: LSTM has input, forget, cell, output there and input, output, forget, cell here. */
const GATES: Readonly<Record<Kind, readonly number[]>> = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2], RNN: [0] }

interface Direction {
  readonly input: TensorValue
  readonly hidden: TensorValue
  readonly inputBias: TensorValue | undefined
  readonly hiddenBias: TensorValue | undefined
}

interface Settings {
  readonly kind: Kind
  readonly activation: string
  readonly layers: number
  readonly isBidirectional: boolean
  readonly isBatchFirst: boolean
  readonly hasBiases: boolean
}

/** Rows of a weight or bias, gate by gate, in another order. */
function reordered(g: Lowering, value: TensorValue, kind: Kind): TensorValue {
  const gates = GATES[kind]
  if (gates.length === 1) return value
  const rows = dimOf(value.shape, 0).constant
  if (rows === undefined || rows % gates.length !== 0) throw unsupported(`${kind} with a weight of a wrong size`)
  const size = rows / gates.length
  if (value.data !== undefined) return g.constant(rowsOf(value.data, gates, size))
  const parts = gates.map((gate) => g.slice(value, 0, Dim.of(gate * size), Dim.of((gate + 1) * size), 1, Dim.of(size)))
  return g.concat(parts, 0)
}

function rowsOf(tensor: NumericTensor, gates: readonly number[], size: number): NumericTensor {
  const perRow = tensor.data.length / (gates.length * size)
  const data = tensor.data.slice()
  for (const [i, gate] of gates.entries()) {
    const block = tensor.data.subarray(gate * size * perRow, (gate + 1) * size * perRow)
    data.set(block as never, i * size * perRow)
  }
  return { ...tensor, data }
}

/** Layer upon layer, each over the whole sequence. */
function recurrent(
  g: Lowering,
  given: TensorValue,
  hidden: TensorValue,
  cell: TensorValue | undefined,
  weights: readonly TensorValue[],
  settings: Settings,
): { output: TensorValue; hidden: TensorValue; cell: TensorValue | undefined } {
  const { kind, layers, isBidirectional, isBatchFirst, hasBiases } = settings
  single(given, kind)
  const directions = isBidirectional ? 2 : 1
  const isBare = given.rank === 2
  const withBatch = (value: TensorValue, axis: number) => (isBare ? g.unsqueeze(value, [axis]) : value)
  const asked = withBatch(given, isBatchFirst ? 0 : 1)
  if (asked.rank !== 3 || (isBare && g.isGuessing)) throw unsupported(`${kind} over a tensor of rank ${given.rank}`)
  let sequence = isBatchFirst ? g.transpose(asked, [1, 0, 2]) : asked
  const [h0, c0] = [withBatch(hidden, 1), cell && withBatch(cell, 1)]
  const perDirection = hasBiases ? 4 : 2
  if (weights.length !== layers * directions * perDirection)
    throw unsupported(
      `${kind} with projections or other weights than ${layers * directions * perDirection}; found ${weights.length}`,
    )
  const hiddens: TensorValue[] = []
  const cells: TensorValue[] = []
  for (let layer = 0; layer < layers; layer++) {
    const sides = Array.from({ length: directions }, (_, side): Direction => {
      const at = (layer * directions + side) * perDirection
      const [input, recurrence, inputBias, hiddenBias] = weights.slice(at, at + perDirection)
      if (input === undefined || recurrence === undefined) throw unsupported(`${kind} without weights`)
      return { input, hidden: recurrence, inputBias, hiddenBias }
    })
    const from = Dim.of(layer * directions)
    const to = Dim.of((layer + 1) * directions)
    const state = (value: TensorValue) => (layers === 1 ? value : g.slice(value, 0, from, to, 1, Dim.of(directions)))
    const made = oneLayer(g, sequence, state(h0), c0 && state(c0), sides, settings)
    sequence = made.output
    hiddens.push(made.hidden)
    if (made.cell !== undefined) cells.push(made.cell)
  }
  const output = isBatchFirst ? g.transpose(sequence, [1, 0, 2]) : sequence
  const bare = (value: TensorValue, axis: number) => (isBare ? g.squeeze(value, [axis]) : value)
  return {
    output: bare(output, isBatchFirst ? 0 : 1),
    hidden: bare(g.concat(hiddens, 0), 1),
    cell: cells.length === 0 ? undefined : bare(g.concat(cells, 0), 1),
  }
}

function oneLayer(
  g: Lowering,
  sequence: TensorValue,
  h0: TensorValue,
  c0: TensorValue | undefined,
  sides: readonly Direction[],
  { kind, activation }: Settings,
): { output: TensorValue; hidden: TensorValue; cell: TensorValue | undefined } {
  const [first] = sides
  if (first === undefined) throw unsupported(`${kind} without weights`)
  const size = dimOf(first.hidden.shape, 1)
  const width = dimOf(first.input.shape, 1)
  if (size.constant === undefined || width.constant === undefined)
    throw unsupported(`${kind} whose size hangs on the input`)
  if (dimOf(first.hidden.shape, 0).constant !== size.constant * GATES[kind].length)
    throw unsupported(`${kind} with projections`)
  alike(sequence, first.input, kind)
  g.expect(dimOf(sequence.shape, 2), width.constant, `the input of ${kind}`)
  const stack = (pick: (side: Direction) => TensorValue) =>
    g.concat(
      sides.map((side) => g.unsqueeze(reordered(g, pick(side), kind), [0])),
      0,
    )
  const biases = sides.map((side) => {
    if (side.inputBias === undefined || side.hiddenBias === undefined) return undefined
    return g.unsqueeze(g.concat([reordered(g, side.inputBias, kind), reordered(g, side.hiddenBias, kind)], 0), [0])
  })
  const bias = biases.every((value) => value !== undefined) ? g.concat(biases, 0) : ''
  const [length, batch] = [dimOf(sequence.shape, 0), dimOf(sequence.shape, 1)]
  const directions = Dim.of(sides.length)
  const attributes = {
    hidden_size: int(size.constant),
    direction: string(sides.length === 2 ? 'bidirectional' : 'forward'),
    ...(kind === 'GRU' ? { linear_before_reset: int(1) } : {}),
    ...(kind === 'RNN' ? { activations: strings(sides.map(() => activation)) } : {}),
  }
  const inputs = [
    sequence,
    stack((side) => side.input),
    stack((side) => side.hidden),
    bias,
    '',
    g.expand(h0, [directions, batch, size]),
  ]
  if (c0 !== undefined) inputs.push(g.expand(c0, [directions, batch, size]))
  const [all = '', last = '', lastCell] = g.node(kind, inputs, attributes, kind === 'LSTM' ? 3 : 2)
  const { datatype } = sequence
  const whole = new TensorValue(all, datatype, [length, directions, batch, size])
  const output = g.reshape(g.transpose(whole, [0, 2, 1, 3]), [length, batch, directions.times(size)])
  const state = [directions, batch, size]
  const cell = lastCell === undefined ? undefined : new TensorValue(lastCell, datatype, state)
  return { output, hidden: new TensorValue(last, datatype, state), cell }
}

function call(kind: Kind, activation = 'Tanh'): Lower {
  return (g, a) => {
    const hx = kind === 'LSTM' ? a.tensors('hx') : [a.tensor('hx')]
    const [hidden, cell] = hx
    if (hidden === undefined || (kind === 'LSTM' && cell === undefined))
      throw unsupported(`${kind} without its first state`)
    if (a.boolean('train') && a.number('dropout') > 0)
      throw unsupported('dropout is on: the model was exported in training mode; call model.eval() first')
    const made = recurrent(g, a.tensor('input'), hidden, cell, a.tensors('params'), {
      kind,
      activation,
      layers: a.int('num_layers'),
      isBidirectional: a.boolean('bidirectional'),
      isBatchFirst: a.boolean('batch_first'),
      hasBiases: a.boolean('has_biases'),
    })
    return tuple([made.output, made.hidden, ...(made.cell === undefined ? [] : [made.cell])])
  }
}

/** Sums of both halves of a cell, cut into gates. */
function gatesOf(g: Lowering, a: Arguments, count: number): { input: TensorValue[]; hidden: TensorValue[] } {
  const state = cellState(a)
  const input = linear(g, a.tensor('input'), a.tensor('w_ih'), a.optionalTensor('b_ih'))
  const hidden = linear(g, state, a.tensor('w_hh'), a.optionalTensor('b_hh'))
  const cut = (value: TensorValue) => {
    const axis = value.rank - 1
    const size = dimOf(value.shape, axis).floorDivide(count)
    return Array.from({ length: count }, (_, i) => g.slice(value, axis, size.times(i), size.times(i + 1), 1, size))
  }
  return { input: cut(input), hidden: cut(hidden) }
}

function cellState(a: Arguments): TensorValue {
  const value = a.value('hx')
  const state = value instanceof TensorValue ? value : a.tensors('hx')[0]
  if (state === undefined) throw unsupported('a recurrent cell without its state')
  return state
}

const lstmCell: Lower = (g, a) => {
  const { input, hidden } = gatesOf(g, a, 4)
  const cell = a.tensors('hx')[1]
  if (cell === undefined) throw unsupported('lstm_cell without its cell state')
  const [i, f, c, o] = input.map((value, at) => g.binary('Add', value, hidden[at] ?? value)) as [
    TensorValue,
    TensorValue,
    TensorValue,
    TensorValue,
  ]
  const kept = g.binary('Mul', g.like('Sigmoid', [f]), cell)
  const next = g.binary('Add', kept, g.binary('Mul', g.like('Sigmoid', [i]), g.like('Tanh', [c])))
  return tuple([g.binary('Mul', g.like('Sigmoid', [o]), g.like('Tanh', [next])), next])
}

const gruCell: Lower = (g, a) => {
  const { input, hidden } = gatesOf(g, a, 3)
  const [ri, zi, ni] = input as [TensorValue, TensorValue, TensorValue]
  const [rh, zh, nh] = hidden as [TensorValue, TensorValue, TensorValue]
  const reset = g.like('Sigmoid', [g.binary('Add', ri, rh)])
  const update = g.like('Sigmoid', [g.binary('Add', zi, zh)])
  const fresh = g.like('Tanh', [g.binary('Add', ni, g.binary('Mul', reset, nh))])
  return g.binary('Add', fresh, g.binary('Mul', update, g.binary('Sub', cellState(a), fresh)))
}

function rnnCell(opType: 'Tanh' | 'Relu'): Lower {
  return (g, a) => {
    const { input, hidden } = gatesOf(g, a, 1)
    const [x, h] = [...input, ...hidden] as [TensorValue, TensorValue]
    return g.like(opType, [g.binary('Add', x, h)])
  }
}

const MANY = 'params:T[], has_biases:B, num_layers:I, dropout:F, train:B, bidirectional:B, batch_first:B'
const CELL = 'w_ih:T, w_hh:T, b_ih:T?=None, b_hh:T?=None'

export const RECURRENT = [
  operator(`lstm.input(input:T, hx:T[], ${MANY})`, call('LSTM')),
  operator(`gru.input(input:T, hx:T, ${MANY})`, call('GRU')),
  operator(`rnn_tanh.input(input:T, hx:T, ${MANY})`, call('RNN', 'Tanh')),
  operator(`rnn_relu.input(input:T, hx:T, ${MANY})`, call('RNN', 'Relu')),
  operator(`lstm_cell(input:T, hx:T[], ${CELL})`, lstmCell),
  operator(`gru_cell(input:T, hx:T, ${CELL})`, gruCell),
  operator(`rnn_tanh_cell(input:T, hx:T, ${CELL})`, rnnCell('Tanh')),
  operator(`rnn_relu_cell(input:T, hx:T, ${CELL})`, rnnCell('Relu')),
]
