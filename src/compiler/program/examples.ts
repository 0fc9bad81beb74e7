import { createSequence } from '../example-rows.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { tensor } from '../../tensor/tensor.ts'
import type { ProgramBuilder, ProgramNode, Value } from './builder.ts'

/** Rows that are made for a model: enough to meet its categories and both sides of its splits. */
const ROWS = 8
/** Values remembered of one column. */
const MOST_VALUES = 64
/** Nodes between a model's input and what knows its values. */
const MOST_STEPS = 32

type Known = string | number

/** A column of an input of the model. */
interface Source {
  readonly input: Value
  readonly column: number
}

/**
 * Example rows that a model can answer: the categories that it knows, numbers around the ones that it splits or scales
 * by, words of its vocabulary. What fitting has seen is nowhere else in a file.
 */
export function exampleRows(builder: ProgramBuilder): Map<string, Tensor> {
  const known = knownValues(builder)
  const next = createSequence()
  return new Map(
    builder.inputs
      .filter(({ isUnused }) => isUnused !== true)
      .map(({ name, value, datatype, shape }): [string, Tensor] => {
        const width = shape.length < 2 ? 1 : Math.max(1, shape[1] ?? 1)
        const columns = Array.from({ length: width }, (_, column) => known.get(`${value.id}.${column}`))
        const cells = Array.from({ length: ROWS * width }, (_, i) => {
          const { round = [], all = [] } = columns[i % width] ?? {}
          // the first row is the one that people see
          const values = i < width && round.length > 0 ? round : all
          return values.length === 0 ? undefined : values[Math.floor(next() * values.length)]
        })
        const rows = [ROWS, ...shape.slice(1)]
        if (datatype === 'BYTES')
          return [
            name,
            tensor(
              'BYTES',
              rows,
              cells.map((cell) => Buffer.from(String(cell ?? (next() < 0.5 ? 'a' : 'b')))),
            ),
          ]
        return [
          name,
          tensor(
            'FP64',
            rows,
            Float64Array.from(cells, (cell, i) => {
              if (typeof cell === 'number') return cell
              return i < width ? Math.round(next()) : next()
            }),
          ),
        ]
      }),
  )
}

/** What is known of a column's values. */
interface KnownValues {
  readonly all: readonly Known[]
  /** Numbers as people write them: whole where the column may well be, else of few digits. */
  readonly round: readonly Known[]
}

/** Values by input and column, in the order in which they are found. */
function knownValues(builder: ProgramBuilder): Map<string, KnownValues> {
  const makers = new Map<number, ProgramNode>()
  for (const node of builder.nodes) for (const output of node.outputs) makers.set(output.id, node)
  const inputs = new Set(builder.inputs.map(({ value }) => value.id))
  const known = new Map<string, Record<'all' | 'round' | 'categories', Set<Known>>>()
  const add: Add = (value, column, values, round = [], isCategory = false) => {
    const source = value === undefined ? undefined : sourceOf(builder, makers, inputs, value, column)
    if (source === undefined) return
    const key = `${source.input.id}.${source.column}`
    const found = known.get(key) ?? { all: new Set(), round: new Set(), categories: new Set() }
    known.set(key, found)
    const into = (set: Set<Known>, more: Iterable<Known>) => {
      for (const each of more) if (set.size < MOST_VALUES) set.add(each)
    }
    into(found.all, values)
    into(isCategory ? found.categories : found.round, isCategory ? values : round)
  }
  for (const node of builder.nodes)
    if (node.kind === 'kernel') learnFromKernel(node, add)
    else if (node.name === 'TreeEnsemble') learnFromTrees(node, add)
    else if (node.name === 'Sub' || node.name === 'Div') learnFromScaling(builder, node, add)
    else if (node.name === 'Equal')
      columnNumbers(builder, node.inputs)?.forEach((category, column) => {
        if (Number.isFinite(category)) add(node.inputs[0], column, [category], [], true)
      })
  return new Map(
    [...known].map(([key, { all, round, categories }]) => [
      key,
      { all: [...all], round: [...(categories.size > 0 ? categories : round)] },
    ]),
  )
}

/**
 * @param round those of them, or near them, that people would write
 * @param isCategory they are all that the column may be
 */
type Add = (
  value: Value | undefined,
  column: number,
  values: Iterable<Known>,
  round?: Iterable<Known>,
  isCategory?: boolean,
) => void

/** What the parameters of host kernels say of their inputs. */
function learnFromKernel({ name, parameters, inputs }: ProgramNode, add: Add): void {
  const members = parameters as Readonly<Record<string, unknown>>
  const columns = members['columns']
  if ((name === 'one-hot' || name === 'categories') && Array.isArray(columns))
    for (const [i, column] of (columns as Readonly<Record<string, unknown>>[]).entries()) {
      const values = (Array.isArray(column['values']) ? column['values'] : []) as unknown[]
      const input = typeof column['input'] === 'number' ? column['input'] : i
      const place = typeof column['place'] === 'number' ? column['place'] : 0
      add(inputs[input], place, values.filter(isKnown), [], true)
    }
  const words = members['vocabulary']
  if (name === 'count-text' && Array.isArray(words)) add(inputs[0], 0, sentences(words.filter(isText)))
  const names = members['names']
  if (name === 'vectorize-records' && Array.isArray(names))
    add(inputs[0], 0, records(names.filter(isText), isText(members['separator']) ? members['separator'] : '='))
  if (name === 'hash-records') add(inputs[0], 0, HASHED[String(members['form'])] ?? [])
}

/** Rows whose features may have any names. */
const HASHED: Readonly<Record<string, readonly string[]>> = {
  dict: ['{"a":1}', '{"b":2,"c":"d"}'],
  pair: ['[["a",1]]', '[["b",2],["c",3]]'],
  string: ['["a"]', '["b","c"]'],
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isKnown(value: unknown): value is Known {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
}

/** A few short texts of a vocabulary's words. */
function sentences(words: readonly string[]): string[] {
  const step = Math.max(1, Math.floor(words.length / (3 * ROWS)))
  return Array.from({ length: ROWS }, (_, i) =>
    [0, 1, 2].map((k) => words[((3 * i + k) * step) % Math.max(1, words.length)] ?? '').join(' '),
  )
}

/** Objects with one member each: `colour=red` is text at `colour`, any other name a number. */
function records(names: readonly string[], separator: string): string[] {
  return names.slice(0, MOST_VALUES).map((name, i) => {
    const at = name.indexOf(separator)
    return JSON.stringify(at > 0 ? { [name.slice(0, at)]: name.slice(at + separator.length) } : { [name]: i + 1 })
  })
}

/** The numbers at which trees split, and between them. */
function learnFromTrees({ attributes, inputs }: ProgramNode, add: Add): void {
  const features = attributes['nodes_featureids']
  const splits = attributes['nodes_splits']
  if (features?.type !== 'ints' || splits?.type !== 'tensor') return
  const values = new Map<number, Set<number>>()
  const count = Math.min(features.value.length, 100_000)
  for (let i = 0; i < count; i++) {
    const feature = Number(features.value[i])
    const split = Number(splits.value.data[i])
    if (!Number.isFinite(split)) continue
    const set = values.get(feature) ?? new Set()
    values.set(feature, set)
    if (set.size < MOST_VALUES) set.add(split)
  }
  for (const [feature, set] of values) {
    const sorted = [...set].sort((a, b) => a - b)
    const between = sorted.flatMap((value, i) => [value, (value + (sorted[i + 1] ?? value + 1)) / 2])
    const around = [(sorted[0] ?? 0) - 1, ...between.map((value) => Number(value.toPrecision(6)))]
    add(inputs[0], feature, around, isWholeColumn(sorted) ? sidesOf(sorted) : around.map(inFewDigits))
  }
}

/** Trees split whole numbers half way between two of them, or as close beside it as single precision allows. */
function isWholeColumn(splits: readonly number[]): boolean {
  const halves = splits.map((split) => 2 * Number(split.toPrecision(6)))
  return halves.every(Number.isInteger) && halves.some((half) => half % 2 !== 0)
}

/** The whole numbers next to the splits. */
function sidesOf(splits: readonly number[]): number[] {
  return splits.flatMap((split) => [Math.floor(split), Math.floor(split) + 1])
}

function inFewDigits(value: number): number {
  return Number(value.toPrecision(3))
}

/** The middle and the width of what is scaled. */
function learnFromScaling(builder: ProgramBuilder, { name, inputs, outputs }: ProgramNode, add: Add): void {
  const [x] = inputs
  const by = columnNumbers(builder, inputs)
  if (x === undefined || by === undefined) return
  // what is moved to the middle is most often divided by its width next
  const next = builder.nodes.find((node) => node.name === 'Div' && node.inputs[0]?.id === outputs[0]?.id)
  const widths = name === 'Sub' && next !== undefined ? columnNumbers(builder, next.inputs) : undefined
  by.forEach((value, column) => {
    if (!Number.isFinite(value)) return
    const parts = name === 'Sub' ? [0.5, 1, 1.5] : [-1, 0, 1]
    const middle = name === 'Sub' ? value : 0
    add(
      x,
      column,
      parts.map((part) => Number((part * value).toPrecision(4))),
      around(middle, name === 'Sub' ? widths?.[column] : value),
    )
  })
}

/** The constant that a column each is moved or divided by. */
function columnNumbers(builder: ProgramBuilder, [x, by]: ProgramNode['inputs']): Float64Array | undefined {
  const constant = by === undefined ? undefined : builder.constants.get(by.id)
  if (x === undefined || constant?.datatype !== 'FP64' || constant.data.length !== x.shape[1]) return undefined
  return constant.data
}

/** Widths from here on leave room for whole numbers. */
const WIDE = 0.25

/** Round numbers within a width of the middle. */
function around(middle: number, width = Math.abs(middle) / 2): number[] {
  if (!Number.isFinite(width) || width <= 0) return [inFewDigits(middle)]
  // a column of zeros and ones is as wide as its middle says
  if (middle > 0 && middle < 1 && Math.abs(width ** 2 - middle * (1 - middle)) < 1e-9) return [0, 1]
  const digits = Math.floor(Math.log10(width))
  const step = width < WIDE ? digits : Math.max(0, digits - 1)
  return [-1, 0, 1].map((part) =>
    Number((Math.round((middle + part * width) / 10 ** step) * 10 ** step).toPrecision(6)),
  )
}

/** The input's column that a column of a value is, as long as nothing on the way changes it. */
function sourceOf(
  builder: ProgramBuilder,
  makers: ReadonlyMap<number, ProgramNode>,
  inputs: ReadonlySet<number>,
  value: Value,
  column: number,
): Source | undefined {
  let at: Source = { input: value, column }
  for (let step = 0; step < MOST_STEPS; step++) {
    if (inputs.has(at.input.id)) return at
    const node = makers.get(at.input.id)
    const before = node === undefined ? undefined : through(builder, node, at)
    if (before === undefined) return undefined
    at = before
  }
  return undefined
}

function through(builder: ProgramBuilder, node: ProgramNode, { input, column }: Source): Source | undefined {
  const [first] = node.inputs
  if (first === undefined) return undefined
  switch (node.name) {
    case 'Identity':
    case 'Cast':
    case 'fill-text':
    case 'numbers-from-text':
      return { input: first, column }
    case 'Where': {
      const kept = node.inputs[2]
      return kept === undefined ? undefined : { input: kept, column }
    }
    case 'split-text':
      return { input: first, column: node.outputs.indexOf(input) }
    case 'Concat':
      return partOf(node.inputs, column)
    case 'refuse-missing': {
      const { columns } = node.parameters as { columns?: readonly number[] | null }
      return partOf(node.inputs, columns?.[column] ?? column)
    }
    case 'Slice':
    case 'Gather': {
      const places = node.inputs[1] === undefined ? undefined : builder.constants.get(node.inputs[1].id)
      if (places?.datatype !== 'INT64') return undefined
      if (node.name === 'Slice') return { input: first, column: column + Number(places.data[0] ?? 0) }
      const from = places.data[column]
      return from === undefined ? undefined : { input: first, column: Number(from) }
    }
    default:
      return undefined
  }
}

function partOf(parts: readonly (Value | undefined)[], column: number): Source | undefined {
  let from = 0
  for (const part of parts) {
    const width = part?.shape[1] ?? 1
    if (part !== undefined && column < from + width) return { input: part, column: column - from }
    from += width
  }
  return undefined
}
