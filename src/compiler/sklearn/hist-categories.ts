import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { categoryCodes, codedColumn } from './category-codes.ts'
import type { Features } from './features.ts'
import { Fitted, itemsIn, numbersOf, plain } from './fitted.ts'

/** How a histogram booster's trees see categorical features. */
export interface CategoricalInput {
  /** Categories that the trees know, by the feature's number in the trees. */
  readonly known: ReadonlyMap<number, readonly number[]>
  /** FP64 [rows, features], as the trees number them; categories as the trees know them, others as NaN. */
  readonly rows: (x: Features) => Value
}

/**
 * Reads what a histogram booster knows of its categorical features. Up to 1.3 they came as numbers, 0 to 255; from 1.4 on
 * an encoder stands before the trees, which also moves them to the front.
 * @see scikit-learn, `_BinMapper.make_known_categories_bitsets` and `_preprocess_X`
 */
export function categoricalInput(fitted: Fitted, ops: Ops, features: number): CategoricalInput {
  fitted.ignore('is_categorical_')
  const known = knownCategories(fitted, features)
  const encoders = fitted.has('_preprocessor') ? readEncoder(fitted, features) : undefined
  if (known.size === 0 && encoders === undefined)
    return {
      known,
      rows: (x) => x.matrix(),
    }
  if (encoders === undefined)
    return {
      known,
      rows: (x) => asBytes(ops, x, known),
    }
  const { columns, categories } = encoders
  for (const feature of known.keys())
    if (feature >= categories.length) throw fitted.damaged(`feature ${feature} is categorical, and nothing encodes it`)
  const coded = categories.map((list, feature) => codedColumn(list, columns[feature] as number, Number.NaN))
  return {
    known,
    // what is encoded stands in front
    rows: (x) => {
      const rest = columns.slice(categories.length).map((column) => x.column(column).number())
      return ops.concat([categoryCodes(ops, x, coded, fitted), ...rest], 1)
    },
  }
}

/** Categories as the trees of old versions take them: what is below zero is missing, and the rest is one byte. */
function asBytes(ops: Ops, x: Features, known: ReadonlyMap<number, unknown>): Value {
  const columns = Array.from({ length: x.width }, (_, i) => i)
  const mask = ops.constant(
    'BOOL',
    [x.width],
    Uint8Array.from(columns, (i) => (known.has(i) ? 1 : 0)),
  )
  const all = x.matrix()
  const whole = ops.floor(all)
  const byte = ops.sub(whole, ops.mul(ops.floor(ops.div(whole, 256)), 256))
  return ops.where(mask, ops.where(ops.less(all, 0), Number.NaN, byte), all)
}

function knownCategories(fitted: Fitted, features: number): ReadonlyMap<number, readonly number[]> {
  const found = plain(fitted.value('_bin_mapper'))
  const mapper = fitted.inside(found, '"_bin_mapper"', '"_bin_mapper" is none')
  if (!mapper.has('is_categorical_')) return new Map()
  const flags = mapper.vector('is_categorical_', features)
  if (!flags.includes(1)) return new Map()
  const lists = mapper.list('bin_thresholds_')
  if (lists.length !== features)
    throw mapper.damaged(`"bin_thresholds_" are of ${lists.length} features, not ${features}`)
  const known = new Map<number, readonly number[]>()
  flags.forEach((flag, feature) => {
    if (flag !== 1) return
    const { data } = numbersOf(lists[feature], () =>
      mapper.damaged(`the categories of feature ${feature} are no numbers`),
    )
    for (const category of data)
      if (!Number.isInteger(category) || category < 0 || category > 255)
        throw mapper.damaged(`feature ${feature} has the category ${category}; 0 to 255 are possible`)
    known.set(feature, Array.from(data))
  })
  return known
}

interface Encoders {
  /** Of each feature of the trees, the column that it comes from. */
  readonly columns: readonly number[]
  /** Of each encoded feature, its categories; undefined for missing values. */
  readonly categories: readonly (readonly (number | string | undefined)[])[]
}

function readEncoder(fitted: Fitted, features: number): Encoders {
  const preprocessor = objectIn(fitted.value('_preprocessor'), fitted, '"_preprocessor"')
  const [encoding, numerical] = preprocessor.list('transformers_').map((item) => itemsIn(item))
  const [name, encoderValue, selected] = encoding ?? []
  if (name !== 'encoder' || encoderValue === undefined || numerical?.[0] !== 'numerical')
    throw fitted.unsupported('its preprocessor is not the encoder that scikit-learn puts there')
  const flags = numbersOf(selected, () => preprocessor.damaged('its columns are no mask')).data
  if (flags.length !== features) throw preprocessor.damaged(`its mask is of ${flags.length} columns, not ${features}`)
  const indices = Array.from({ length: features }, (_, i) => i)
  const encoded = indices.filter((i) => flags[i] === 1)
  const encoder = objectIn(encoderValue, fitted, 'its encoder')
  const lists = encoder.list('categories_')
  if (lists.length !== encoded.length)
    throw encoder.damaged(`it has categories of ${lists.length} columns, not of ${encoded.length}`)
  const categories = lists.map((list, i) => categoriesIn(list, encoder, encoded[i] as number))
  return { columns: [...encoded, ...indices.filter((i) => flags[i] !== 1)], categories }
}

function categoriesIn(list: PyValue, encoder: Fitted, column: number): (number | string | undefined)[] {
  const items = itemsIn(list)
  const values = (items ?? Array.from(numbersOf(list, () => encoder.damaged('"categories_" are no lists')).data)).map(
    (value): number | string | undefined => {
      if (typeof value === 'string') return value
      if (typeof value === 'boolean' || typeof value === 'bigint') return Number(value)
      if (value === null || Number.isNaN(value)) return undefined
      if (typeof value === 'number') return value
      throw encoder.unsupported(`column ${column} has a category that is neither a number nor text`)
    },
  )
  const kinds = new Set(values.filter((value) => value !== undefined).map((value) => typeof value))
  if (kinds.size > 1) throw encoder.unsupported(`column ${column} has categories of numbers and of text`)
  return values
}

function objectIn(value: PyValue, fitted: Fitted, what: string): Fitted {
  const found = plain(value)
  return fitted.inside(found, what, `${what} is no estimator`)
}
