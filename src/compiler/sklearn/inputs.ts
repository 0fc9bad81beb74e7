import { ServingError } from '../../core/errors.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { InputForm } from './contract.ts'
import { ColumnFeatures, MatrixFeatures, refuseMissing, type Column, type Features } from './features.ts'

/** Columns that a first try has found to be needed as text (by position), though another step needs them as numbers. */
export type TextColumns = ReadonlySet<number>

/** Thrown when a column, taken for numbers until then, is needed as text: everything is done again with that known. */
export class NeededAsText extends Error {
  readonly column: number

  constructor(column: number) {
    super('a column is needed as text')
    this.column = column
  }
}

/** The model's inputs, declared when something first asks for them. */
export interface RootFeatures {
  readonly features: Features
  /** Declares what nobody has asked for, and puts the inputs into the order of the columns. */
  finish(): void
}

/**
 * @param form what the model takes
 * @param texts columns known to be text; of an array, any makes the whole array one of text
 */
export function rootFeatures(ops: Ops, form: InputForm, texts: TextColumns): RootFeatures {
  if (form.kind === 'frame') return frameRoot(ops, form.names, texts)
  if (form.kind === 'array') return arrayRoot(ops, form.width, texts)
  return textRoot(ops, form.kind === 'records')
}

function textRoot(ops: Ops, isJson: boolean): RootFeatures {
  const kind = isJson ? ({ isJson: true } as const) : {}
  const value = ops.b.input({ name: 'X', datatype: 'BYTES', shape: [-1], ...kind, isNeverMissing: true })
  const column: Column = { name: undefined, text: () => value, number: () => numbersFromText(ops, value, ['X']) }
  return { features: new ColumnFeatures(ops, [column]), finish: () => {} }
}

/** Names of inputs are names in every protocol, so they have some length and not too much. */
const MOST_NAME = 256

function frameRoot(ops: Ops, names: readonly string[], texts: TextColumns): RootFeatures {
  const odd = names.findIndex((name) => name === '' || name.length > MOST_NAME)
  if (odd >= 0)
    throw new ServingError(
      'unsupported',
      `column ${odd + 1} of the data frame that the model was fitted on has ${names[odd] === '' ? 'no name' : `a name of ${names[odd]?.length} characters`}; inputs are called after columns, by 1 to ${MOST_NAME} characters`,
    )
  const declared = new Map<string, { value: Value; isText: boolean }>()
  const declare = (index: number, isText: boolean): Value => {
    const name = names[index] as string
    const known = declared.get(name)
    if (known !== undefined) {
      if (isText && !known.isText) throw new NeededAsText(index)
      return known.value
    }
    const value = ops.b.input({ name, datatype: isText ? 'BYTES' : 'FP64', shape: [-1, 1] })
    declared.set(name, { value, isText })
    return value
  }
  const columns = names.map((name, index): Column => ({
    name,
    text: () => declare(index, true),
    number: () =>
      texts.has(index) || declared.get(name)?.isText === true
        ? numbersFromText(ops, declare(index, true), [name])
        : declare(index, false),
  }))
  return {
    features: new ColumnFeatures(ops, columns),
    finish() {
      for (const name of names)
        if (!declared.has(name)) ops.b.input({ name, datatype: 'BYTES', shape: [-1, 1], isUnused: true })
      ops.b.inputs.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
    },
  }
}

function arrayRoot(ops: Ops, width: number, texts: TextColumns): RootFeatures {
  const isText = texts.size > 0
  let value: Value | undefined
  const declare = () => (value ??= ops.b.input({ name: 'X', datatype: isText ? 'BYTES' : 'FP64', shape: [-1, width] }))
  if (!isText) {
    const numbers = () => new MatrixFeatures(ops, declare())
    const features: Features = {
      width,
      names: undefined,
      matrix: declare,
      column: (index) => ({ ...numbers().column(index), text: () => refuseText(index) }),
      select: (indices) =>
        indices.length === width && indices.every((index, i) => index === i) ? features : selected(features, indices),
      check: (isNaNAllowed) => refuseMissing(ops, [declare()], placesIn(width), undefined, isNaNAllowed),
    }
    return { features, finish: declare }
  }
  const columns = Array.from({ length: width }, (_, index): Column => {
    const text = () => splitText(ops, declare(), width)[index] as Value
    return { name: undefined, text, number: () => numbersFromText(ops, text(), [`X[${index}]`]) }
  })
  return { features: new ColumnFeatures(ops, columns), finish: declare }

  function refuseText(index: number): never {
    throw new NeededAsText(index)
  }

  /** Columns of the array, of which any may turn out to be text; side by side they are taken at once. */
  function selected(all: Features, indices: readonly number[]): Features {
    return {
      width: indices.length,
      names: undefined,
      matrix: () => ops.take(all.matrix(), indices),
      column: (index) => all.column(indices[index] as number),
      select: (inner) =>
        selected(
          all,
          inner.map((index) => indices[index] as number),
        ),
      check: (isNaNAllowed) =>
        refuseMissing(
          ops,
          [all.matrix()],
          indices.map((index) => `X[${index}]`),
          indices,
          isNaNAllowed,
        ),
    }
  }
}

function placesIn(width: number): string[] {
  return Array.from({ length: width }, (_, index) => `X[${index}]`)
}

/** The columns of an array of text, each by itself. */
function splitText(ops: Ops, texts: Value, width: number): readonly Value[] {
  const columns = Array.from({ length: width }, () => ({ datatype: 'BYTES' as const, shape: [-1, 1] }))
  return ops.b.kernel('split-text', { columns: width }, [texts], columns)
}

/** Text as Python's `float` reads it; empty text is NaN. FP64 of the text's shape, [rows, 1] for a list. */
function numbersFromText(ops: Ops, text: Value, names: readonly string[]): Value {
  const [numbers] = ops.b.kernel(
    'numbers-from-text',
    { columns: names },
    [text],
    [{ datatype: 'FP64', shape: [-1, 1] }],
  )
  return numbers as Value
}
