import { quote } from '../../core/text.ts'
import { damaged } from './tree-file.ts'

/** What a LightGBM model file says, checked against itself as far as sizes go; the trees themselves are not. */
export interface LightgbmModel {
  /** `v3`, `v4`. */
  readonly version: string
  /** Its first word, and `key:value` or words after it; undefined where the objective was the user's own. */
  readonly objective: { readonly name: string; readonly options: ReadonlyMap<string, string> } | undefined
  readonly treesPerIteration: number
  readonly features: number
  readonly featureNames: readonly string[]
  /** Whether iterations are averaged and not added. */
  readonly isAveraged: boolean
  readonly trees: readonly LightgbmTree[]
  /** Features that are categorical, as the training's parameters name them. */
  readonly categoricalFeatures: readonly number[]
  /** Of the data frame's columns of categories, in their order: what their codes stand for. */
  readonly pandasCategorical: readonly (readonly (string | number | boolean)[])[] | undefined
}

/** `leaves - 1` branches, and the leaves. A child is a branch's number, or ~leaf. */
export interface LightgbmTree {
  readonly leaves: number
  readonly feature: Int32Array
  /** Of a test of categories, the number of its set. */
  readonly threshold: Float64Array
  readonly decision: Uint8Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly values: Float64Array
  /** Sets of categories, as bits of 32. */
  readonly categoryStarts: Int32Array
  readonly categoryBits: Uint32Array
  /** Of a tree whose leaves are linear models. */
  readonly linear: LinearLeaves | undefined
}

/** A constant for each leaf, and the features that it adds, each times a number. */
export interface LinearLeaves {
  readonly constants: Float64Array
  /** Where each leaf's features begin, and the end. */
  readonly starts: Int32Array
  readonly features: Int32Array
  readonly coefficients: Float64Array
}

/** Bits of `decision`. */
export const IS_CATEGORICAL = 1
export const DEFAULT_LEFT = 2

const MAX_LINES = 50_000_000

/**
 * Reads a model in LightGBM's text form: a file of `save_model`, or what a pickled Booster holds.
 * @throws {ServingError} `refused` for a damaged file
 * @see LightGBM, `GBDT::SaveModelToString` and `Tree::ToString`
 */
export function readLightgbm(source: Uint8Array | string): LightgbmModel {
  const lines = new Lines(typeof source === 'string' ? source : decode(source))
  const first = lines.next()
  if (first !== 'tree') throw damaged(`it begins with ${quote(first ?? '')}, and should with "tree"`)
  const head = lines.block()
  const count = (name: string, missing?: number) => wholeNumber(head.get(name) ?? missing?.toString(), name)
  const features = count('max_feature_idx') + 1
  const featureNames = head.get('feature_names')?.split(' ') ?? []
  if (featureNames.length !== features) throw damaged(`it has ${featureNames.length} names for ${features} features`)
  const trees: LightgbmTree[] = []
  for (let line = lines.next(); line !== 'end of trees'; line = lines.next()) {
    if (line === undefined) throw damaged('it ends before "end of trees"')
    if (line === '') continue
    if (line !== `Tree=${trees.length}`) throw damaged(`${quote(line, 40)} stands where tree ${trees.length} should`)
    trees.push(readTree(lines.block(), trees.length))
  }
  const treesPerIteration = count('num_tree_per_iteration', 1)
  if (treesPerIteration === 0 || trees.length % treesPerIteration !== 0)
    throw damaged(`${trees.length} trees are no iterations of ${treesPerIteration}`)
  return {
    version: head.get('version') ?? '',
    objective: readObjective(head.get('objective')),
    treesPerIteration,
    features,
    featureNames,
    isAveraged: head.has('average_output'),
    trees,
    ...readRest(lines, features),
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw damaged('it is no UTF-8')
  }
}

/** A text line by line, none kept. */
class Lines {
  readonly #text: string
  #at = 0
  #count = 0

  constructor(text: string) {
    this.#text = text
  }

  next(): string | undefined {
    if (this.#at >= this.#text.length) return undefined
    if (++this.#count > MAX_LINES) throw damaged(`it has over ${MAX_LINES} lines`)
    const found = this.#text.indexOf('\n', this.#at)
    const end = found < 0 ? this.#text.length : found
    const line = this.#text.slice(this.#at, this.#text[end - 1] === '\r' ? end - 1 : end)
    this.#at = end + 1
    return line
  }

  /** `key=value` up to an empty line; a word alone is a key. */
  block(): Map<string, string> {
    const found = new Map<string, string>()
    for (let line = this.next(); line !== undefined && line !== ''; line = this.next()) {
      const at = line.indexOf('=')
      const key = at < 0 ? line : line.slice(0, at)
      if (found.has(key)) throw damaged(`the key ${quote(key, 40)} stands twice`)
      found.set(key, at < 0 ? '' : line.slice(at + 1))
    }
    return found
  }
}

function readObjective(text: string | undefined): LightgbmModel['objective'] {
  const [name, ...rest] = (text ?? '').split(' ').filter((word) => word !== '')
  if (name === undefined || name === 'custom' || name === 'none') return undefined
  const options = new Map(rest.map((word) => [word.split(':', 1)[0] as string, word.slice(word.indexOf(':') + 1)]))
  return { name, options }
}

function readTree(block: ReadonlyMap<string, string>, number: number): LightgbmTree {
  const where = `tree ${number}`
  const text = (name: string): string => {
    const value = block.get(name)
    if (value === undefined) throw damaged(`${where} has no ${name}`)
    return value
  }
  const leaves = wholeNumber(text('num_leaves'), 'num_leaves')
  const sets = wholeNumber(block.get('num_cat') ?? '0', 'num_cat')
  const values = floats(text('leaf_value'), leaves, `${where}: leaf_value`)
  const branches = leaves - 1
  if (leaves < 1) throw damaged(`${where} has no leaves`)
  const list = (name: string) =>
    branches === 0 ? new Int32Array() : integers(text(name), branches, `${where}: ${name}`)
  const decisions = list('decision_type')
  if (decisions.some((decision) => decision < 0 || decision > 15))
    throw damaged(`${where} has a decision of a kind that is not known`)
  const categoryStarts =
    sets === 0 || branches === 0
      ? Int32Array.of(0)
      : integers(text('cat_boundaries'), sets + 1, `${where}: cat_boundaries`)
  const size = categoryStarts.at(-1) as number
  if (categoryStarts[0] !== 0 || categoryStarts.some((start, i) => i > 0 && start < (categoryStarts[i - 1] as number)))
    throw damaged(`${where} has sets of categories that overlap`)
  const bits =
    sets === 0 || branches === 0 ? new Float64Array() : floats(text('cat_threshold'), size, `${where}: cat_threshold`)
  if (bits.some((word) => !Number.isInteger(word) || word < 0 || word > 0xffff_ffff))
    throw damaged(`${where} has categories that are no bits`)
  return {
    leaves,
    feature: list('split_feature'),
    threshold: branches === 0 ? new Float64Array() : floats(text('threshold'), branches, `${where}: threshold`),
    decision: Uint8Array.from(decisions),
    left: list('left_child'),
    right: list('right_child'),
    values,
    categoryStarts,
    categoryBits: Uint32Array.from(bits),
    linear: (block.get('is_linear') ?? '0').trim() === '0' ? undefined : readLinear(text, leaves, where),
  }
}

/** A text for each list, in which those of leaves without features are empty. */
function readLinear(text: (name: string) => string, leaves: number, where: string): LinearLeaves {
  const counts = integers(text('num_features'), leaves, `${where}: num_features`)
  const starts = new Int32Array(leaves + 1)
  for (const [leaf, count] of counts.entries()) {
    // many more cannot be in the file, and sums stay exact
    if (count < 0 || count > MAX_LINES) throw damaged(`${where} has a leaf of ${count} features`)
    starts[leaf + 1] = Math.min(MAX_LINES, (starts[leaf] as number) + count)
  }
  const size = starts[leaves] as number
  const list = (name: string) => {
    const dense = text(name).trim().replaceAll(/ +/g, ' ')
    return floats(dense, size, `${where}: ${name}`)
  }
  const features = list('leaf_features')
  if (features.some((feature) => !Number.isInteger(feature) || feature < 0 || feature >= 2 ** 31))
    throw damaged(`${where} has a leaf of features that are none`)
  return {
    constants: floats(text('leaf_const'), leaves, `${where}: leaf_const`),
    starts,
    features: Int32Array.from(features),
    coefficients: list('leaf_coeff'),
  }
}

/** The parameters of the training, and the categories of pandas at the very end. */
function readRest(lines: Lines, features: number): Pick<LightgbmModel, 'categoricalFeatures' | 'pandasCategorical'> {
  let categoricalFeatures: readonly number[] = []
  let pandasCategorical: LightgbmModel['pandasCategorical']
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const found = /^\[categorical_feature: ([\d,]*)\]$/.exec(line)?.[1]
    if (found !== undefined && found !== '') {
      categoricalFeatures = [...new Set(found.split(',').map((each) => wholeNumber(each, 'categorical_feature')))].sort(
        (a, b) => a - b,
      )
      if (categoricalFeatures.some((feature) => feature >= features))
        throw damaged('a categorical feature is none of its features')
    }
    if (line.startsWith('pandas_categorical:'))
      pandasCategorical = readCategories(line.slice('pandas_categorical:'.length))
  }
  return { categoricalFeatures, pandasCategorical }
}

function readCategories(text: string): LightgbmModel['pandasCategorical'] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged('its pandas_categorical is no JSON')
  }
  if (value === null) return undefined
  const isScalar = (each: unknown) => ['string', 'number', 'boolean'].includes(typeof each)
  if (!Array.isArray(value) || !value.every((list) => Array.isArray(list) && list.every(isScalar)))
    throw damaged('its pandas_categorical are no lists of categories')
  return value.length === 0 ? undefined : (value as (string | number | boolean)[][])
}

function wholeNumber(text: string | undefined, name: string): number {
  if (text === undefined || !/^\d{1,9}$/.test(text.trim()))
    throw damaged(`its ${name} is ${quote(text ?? 'missing', 40)}, and no whole number`)
  return Number(text)
}

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['-inf', -Infinity],
  ['nan', Number.NaN],
  ['-nan', Number.NaN],
])

function floats(text: string, length: number, where: string): Float64Array {
  const words = text.split(' ')
  if (words.at(-1) === '') words.pop()
  if (words.length !== length) throw damaged(`${where} has ${words.length} numbers, and should have ${length}`)
  return Float64Array.from(words, (word) => {
    const special = SPECIAL.get(word)
    if (special !== undefined) return special
    const number = /^[-+.\deE]+$/.test(word) ? Number(word) : Number.NaN
    if (Number.isNaN(number)) throw damaged(`${where} has ${quote(word, 40)}, which is no number`)
    return number
  })
}

function integers(text: string, length: number, where: string): Int32Array {
  const numbers = floats(text, length, where)
  const result = Int32Array.from(numbers)
  if (numbers.some((number, i) => number !== result[i])) throw damaged(`${where} has a number that is not whole`)
  return result
}
