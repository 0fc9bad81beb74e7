import { ServingError } from '../../core/errors.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { BundleFormat } from '../../bundle/manifest.ts'
import type { CompiledModel } from '../compile-onnx.ts'
import { exampleRows } from '../program/examples.ts'
import { ProgramBuilder, type Value } from '../program/builder.ts'
import { Ops } from '../program/ops.ts'
import type { InputForm, Opened, PerTarget } from './contract.ts'
import type { Features } from './features.ts'
import { NeededAsText, rootFeatures } from './inputs.ts'
import { membersOf } from './members.ts'
import { openEstimator, type OpenOptions } from './open.ts'

export interface EstimatorOptions {
  /** What wrote the file, for people: `scikit-learn 1.5.2`. */
  readonly producer: string
  readonly allowUntested?: boolean
  /** Of a dict or list: keys or places of the estimators that run one after the other. */
  readonly steps?: readonly string[]
}

/** What is called by its own name, in the order in which outputs stand. */
const DEFAULTS = ['predict', 'transform', 'score_samples', 'kneighbors_0'] as const

/**
 * Compiles a fitted estimator: its methods become outputs, named after them.
 * @throws {ServingError} `unsupported` for what is not covered, `refused` for state that no library writes
 */
export function compileEstimator(root: PyValue, options: EstimatorOptions): CompiledModel {
  return compileMembers(
    (ops, open) => membersOf(root, options.steps ?? [], (value, name) => openEstimator(value, ops, open, name)),
    'pickle',
    options,
  )
}

/** Models that a file holds, opened, each with what goes before the names of its outputs. */
export type OpenMembers = (
  ops: Ops,
  options: OpenOptions,
) => readonly { readonly prefix: string; readonly opened: Opened }[]

/**
 * Compiles what opening a file gives; it may be opened several times.
 * @throws {ServingError} as `compileEstimator`
 */
export function compileMembers(
  openMembers: OpenMembers,
  format: BundleFormat,
  { producer, allowUntested = false }: EstimatorOptions,
): CompiledModel {
  const texts = new Set<number>()
  for (;;) {
    const warnings: string[] = []
    try {
      return compileOnce(openMembers, format, texts, warnings, producer, allowUntested)
    } catch (error) {
      if (!(error instanceof NeededAsText) || texts.has(error.column)) throw inWords(error)
      texts.add(error.column)
    }
  }
}

/** Whatever a damaged state leads to is a refusal; what was thrown stays in its cause. */
function inWords(error: unknown): unknown {
  if (error instanceof ServingError) return error
  return new ServingError(
    'refused',
    'the file holds a model whose parts do not fit together, as no library writes it: it is damaged, or Slipway has a defect; train it anew, or report the file',
    { cause: error, details: { reason: 'state' } },
  )
}

function compileOnce(
  openMembers: OpenMembers,
  format: BundleFormat,
  texts: ReadonlySet<number>,
  warnings: string[],
  producer: string,
  allowUntested: boolean,
): CompiledModel {
  const builder = new ProgramBuilder()
  const ops = new Ops(builder)
  const options = { allowUntested, warn: (sentence: string) => warnings.push(sentence) }
  const members = openMembers(ops, options)
  const form = commonForm(members.map(({ opened }) => opened))
  const columns = rootFeatures(ops, form, texts)
  for (const { prefix, opened } of members) addOutputs(builder, opened, columns.features, prefix)
  columns.finish()
  const names = builder.outputs.map(({ name }) => name)
  const defaults = members.flatMap(({ prefix }) =>
    DEFAULTS.map((name) => prefix + name)
      .filter((name) => names.includes(name))
      .slice(0, 1),
  )
  const { program, files } = builder.build(defaults.length > 0 ? defaults : names)
  return {
    format,
    producer,
    program,
    inputs: builder.inputs.map(({ value: _value, ...spec }) => spec),
    outputs: builder.outputs.map(({ name, value, columns }) => ({
      name,
      datatype: value.datatype,
      shape: value.shape,
      ...(columns === undefined ? {} : { columns }),
    })),
    ...(defaults.length > 0 ? { defaultOutputs: defaults } : {}),
    files,
    example: exampleRows(builder),
    metadata: new Map(),
    isQuantized: false,
    warnings,
  }
}

/** What all the models of a file take. @throws {ServingError} `unsupported` where they take different things */
function commonForm(members: readonly Opened[]): InputForm {
  const [first] = members
  if (first?.input === undefined)
    throw new ServingError(
      'unsupported',
      `${first?.title} does not say what it was fitted on: put it into a Pipeline with an estimator that does`,
    )
  const other = members.find(({ input }) => JSON.stringify(input) !== JSON.stringify(first.input))
  if (other === undefined) return first.input
  throw new ServingError(
    'unsupported',
    `the models of the file were fitted on different columns (${first.title}, ${other.title}); save each in a file of its own`,
  )
}

/** Longest name of a column of an output that a bundle keeps (characters). */
const MAX_COLUMN_NAME = 256

function addOutputs(builder: ProgramBuilder, opened: Opened, x: Features, prefix: string): void {
  const before = builder.outputs.length
  const labelNames = (target: number) => {
    const { classes } = opened
    const labels = Array.isArray(classes) ? classes[target] : target === 0 ? classes : undefined
    return (labels as { names: readonly string[] } | undefined)?.names
  }
  const addEach = (name: string, values: PerTarget<Value>) => {
    const list: readonly Value[] = Array.isArray(values) ? values : [values as Value]
    list.forEach((value, target) => {
      const columns = labelNames(target)
      const isPerClass = columns !== undefined && value.shape.length === 2 && value.shape[1] === columns.length
      const isUnique = columns !== undefined && new Set(columns).size === columns.length
      // labels may be empty or longer than a column's name may be; such columns have none
      const areNames = columns?.every((column) => column !== '' && column.length <= MAX_COLUMN_NAME) === true
      builder.output(
        Array.isArray(values) ? `${name}_${target}` : name,
        value,
        isPerClass && isUnique && areNames ? columns : undefined,
      )
    })
  }
  if (opened.predict !== undefined) builder.output(`${prefix}predict`, opened.predict(x))
  if (opened.predictProba !== undefined) addEach(`${prefix}predict_proba`, opened.predictProba(x))
  if (opened.decisionFunction !== undefined) addEach(`${prefix}decision_function`, opened.decisionFunction(x))
  if (opened.transform !== undefined) builder.output(`${prefix}transform`, outputOf(opened.transform(x), builder))
  if (opened.scoreSamples !== undefined) builder.output(`${prefix}score_samples`, opened.scoreSamples(x))
  if (opened.kneighbors !== undefined) {
    const [distances, indices] = opened.kneighbors(x)
    builder.output(`${prefix}kneighbors_0`, distances)
    builder.output(`${prefix}kneighbors_1`, indices)
  }
  if (builder.outputs.length === before)
    throw new ServingError('unsupported', `${opened.title} has no method that a request could ask for`)
}

/** Columns as an output: those that scikit-learn holds as integers are such, and text is BYTES where all of it is text. */
function outputOf(features: Features, builder: ProgramBuilder): Value {
  const isText = (index: number) => features.textual?.(index) === true
  // what has no text at all may be very wide
  const places = features.textual === undefined ? [] : Array.from({ length: features.width }, (_, index) => index)
  if (places.some(isText)) {
    if (places.every(isText))
      return new Ops(builder).concat(
        places.map((index) => features.column(index).text()),
        1,
      )
    throw new ServingError(
      'unsupported',
      'the model gives text and numbers side by side, which one output cannot hold: put it into a Pipeline with what reads them',
    )
  }
  const matrix = features.isFlat === true ? new Ops(builder).squeeze(features.matrix(), 1) : features.matrix()
  return features.isWhole === true ? new Ops(builder).cast(matrix, 'INT64') : matrix
}
