import { isKind } from '../../formats/python/refs.ts'
import { quote } from '../../core/text.ts'
import type { PyDict, PyValue } from '../../formats/python/values.ts'
import type { Ops } from '../program/ops.ts'
import { columnsOf } from './columns.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { mapped, sideBySide, storedSparse, type Features } from './features.ts'
import { itemsIn, numbersOf, plain, type Fitted } from './fitted.ts'

/** One part of several that work side by side. */
interface Part {
  readonly name: string
  /** Positions of its columns; undefined for all. */
  readonly columns: readonly number[] | undefined
  readonly transform: (x: Features) => Features
  readonly weight: number | undefined
}

/** How the names of columns are made from a part's name and the name there; undefined where that is not known. */
type Naming = ((part: string, feature: string) => string) | undefined

/** `ColumnTransformer`: each part gets its columns, and what they give stands side by side. */
function columnTransformer(fitted: Fitted, context: Context): Opened {
  fitted.ignore('transformers', 'remainder', 'sparse_threshold', 'force_int_remainder_cols')
  const input = fitted.input()
  if (input === undefined) throw fitted.damaged('it does not say how many features it was fitted on')
  const names = input.kind === 'frame' ? input.names : undefined
  const width = fitted.width()
  const weights = weightsOf(fitted)
  const resolved = dictIn(fitted.raw('_transformer_to_input_indices'))
  const parts = fitted.list('transformers_').flatMap((item): Part[] => {
    const [name, transformer, specifier] = itemsIn(item) ?? []
    if (typeof name !== 'string') throw fitted.damaged('one of its transformers has no name')
    const value = plain(transformer)
    if (value === 'drop') return []
    const columns = columnsOf(resolved?.byName.get(name) ?? specifier, width, names, fitted)
    if (columns.length === 0) return []
    return [{ name, columns, transform: openPart(value, name, fitted, context), weight: weights?.get(name) }]
  })
  const naming = namingOf(fitted)
  const isSparse = fitted.has('sparse_output_') && fitted.flag('sparse_output_')
  return {
    title: fitted.title,
    input,
    transform: (x) => storedSparse(join(context.ops, x, parts, naming), isSparse),
  }
}

/** `FeatureUnion`: each part gets all columns. */
function featureUnion(fitted: Fitted, context: Context): Opened {
  const weights = weightsOf(fitted)
  const opened: Opened[] = []
  const parts = fitted.list('transformer_list').flatMap((item): Part[] => {
    const [name, transformer] = itemsIn(item) ?? []
    if (typeof name !== 'string') throw fitted.damaged('one of its transformers has no name')
    const value = plain(transformer)
    if (value === 'drop' || value === null) return []
    const transform = openPart(value, name, fitted, context, opened)
    return [{ name, columns: undefined, transform, weight: weights?.get(name) }]
  })
  const naming = namingOf(fitted)
  return {
    title: fitted.title,
    input: fitted.input() ?? opened.find(({ input }) => input !== undefined)?.input,
    transform: (x) => join(context.ops, x, parts, naming),
  }
}

function openPart(
  value: PyValue | undefined,
  name: string,
  fitted: Fitted,
  context: Context,
  opened: Opened[] = [],
): (x: Features) => Features {
  if (value === 'passthrough') return (x) => x
  const part = context.open(value, `transformer ${quote(name)}`, fitted)
  if (part.transform === undefined) throw fitted.unsupported(`its part ${quote(name)} does not transform`)
  opened.push(part)
  return part.transform
}

function join(ops: Ops, x: Features, parts: readonly Part[], naming: Naming): Features {
  const made = parts.map(({ columns, transform, weight }) => {
    const part = transform(columns === undefined ? x : x.select(columns))
    return weight === undefined ? part : mapped(ops, part, (value) => ops.mul(value, weight), part.names)
  })
  const names: string[] = []
  for (const [i, part] of made.entries()) {
    if (part.width === 0) continue
    if (part.names === undefined || naming === undefined) return sideBySide(ops, made)
    const name = parts[i]?.name ?? ''
    for (const feature of part.names) names.push(naming(name, feature))
  }
  return sideBySide(ops, made, names)
}

function namingOf(fitted: Fitted): Naming {
  const how = fitted.raw('verbose_feature_names_out')
  if (how === undefined || how === true) return (part, feature) => `${part}__${feature}`
  if (how === false) return (_part, feature) => feature
  if (typeof how !== 'string' || /[{}]/.test(how.replaceAll(/\{(transformer_name|feature_name)\}/g, '')))
    return undefined
  return (part, feature) =>
    how.replaceAll(/\{(transformer_name|feature_name)\}/g, (_, what) => (what === 'feature_name' ? feature : part))
}

function weightsOf(fitted: Fitted): ReadonlyMap<string, number> | undefined {
  const dict = dictIn(fitted.raw('transformer_weights'))
  if (dict === undefined) {
    if (fitted.has('transformer_weights')) throw fitted.unsupported('its "transformer_weights" are no dict')
    return undefined
  }
  const wrong = () => fitted.damaged('one of its "transformer_weights" is no number')
  return new Map(
    dict.entries.map(([name, weight]) => {
      const { data, shape } = numbersOf(weight, wrong)
      if (typeof name !== 'string' || shape.length > 0) throw wrong()
      return [name, data[0] ?? 1]
    }),
  )
}

function dictIn(value: PyValue | undefined): PyDict | undefined {
  return isKind(value, 'dict') ? value : undefined
}

export const COLUMN_TRANSFORMERS: Openers = {
  'sklearn.ColumnTransformer': columnTransformer,
  'sklearn.FeatureUnion': featureUnion,
}
