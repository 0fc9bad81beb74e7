import { withWidth, type RowLayout } from '../../codecs/row-layout.ts'
import type { ServedModel } from '../../runtime/plane.ts'
import { selectOutputs, type TensorSpec } from '../../tensor/signature.ts'
import { tableOf } from '../row-layouts.ts'
import { exampleValues } from './example-values.ts'

/** A version of a model, with what every protocol's description needs of it. */
export interface DescribedModel {
  readonly model: ServedModel
  /** Before the names of its schemas: unlike those of every other version in the document. */
  readonly prefix: string
  /** The table that fits it; undefined for a model whose inputs do not come in rows. */
  readonly layout: RowLayout | undefined
  /** Rows may be of any width, and are described for that of the example. */
  readonly isWidthFree: boolean
  /** Whether rows may have null for a missing number. */
  readonly takesMissing: boolean
  /** Inputs that the model reads. */
  readonly inputs: readonly TensorSpec[]
  /** The outputs that a request gets when it names none. */
  readonly outputs: readonly TensorSpec[]
  /** Whether every output comes in rows, as protocols of rows answer. */
  readonly answersRows: boolean
  /** The example's elements by input, as JSON values; without those that have none. */
  readonly examples: ReadonlyMap<string, readonly unknown[]>
}

/** A model that protocols of rows can serve. */
export type RowModel = DescribedModel & { readonly layout: RowLayout }

/** Whether protocols of rows can carry what the model takes and gives. */
export function isRowModel(described: DescribedModel): described is RowModel {
  return described.layout !== undefined && described.answersRows
}

/** @param prefix of its schemas' names: letters, digits, `.`, `_` and `-` */
export function describeModel(model: ServedModel, prefix: string, takesMissing: boolean): DescribedModel {
  const { signature, example } = model
  const examples = new Map<string, readonly unknown[]>()
  const inputs = signature.inputs.filter(({ isUnused }) => isUnused !== true)
  const unasked = selectOutputs(undefined, signature)
  for (const spec of inputs) {
    const values = exampleValues(spec, example)
    if (values !== undefined) examples.set(spec.name, values)
  }
  const layout = tableOf(signature)
  const isWidthFree = layout?.isWidthFree === true
  return {
    model,
    prefix,
    layout: isWidthFree ? withWidth(layout, example.get(signature.inputs[0]?.name ?? '')?.shape[1] ?? 1) : layout,
    isWidthFree,
    takesMissing,
    inputs,
    outputs: signature.outputs.filter(({ name }) => unasked.includes(name)),
    answersRows: signature.outputs.every(({ shape }) => shape.length > 0),
    examples,
  }
}

/** The shape of an input as documents promise to take it: open dimensions, but for rows, are as long as the example's. */
export function documentedShape({ model }: DescribedModel, name: string, rows: number): readonly number[] {
  const spec = model.signature.inputs.find((input) => input.name === name)
  const given = model.example.get(name)?.shape ?? []
  return (spec?.shape ?? []).map((size, axis) => (size !== -1 ? size : axis === 0 ? rows : (given[axis] ?? 1)))
}
