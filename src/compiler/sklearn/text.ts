import { quote } from '../../core/text.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { jsonNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { ENGLISH_STOP_WORDS } from './english-stop-words.ts'
import { MatrixFeatures, SparseFeatures, type Features } from './features.ts'
import { Fitted, itemsIn, plain } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { translatePattern } from './token-pattern.ts'

/** How counts become weights, as the host kernel `count-text` reads it. */
interface Weights {
  readonly isSublinear: boolean
  readonly idf: readonly (number | string)[] | null
  readonly norm: Norm
}

type Norm = 'l1' | 'l2' | 'none'

/** Texts and how they are counted; a `TfidfTransformer` that follows becomes a part of the same host kernel. */
class CountedText extends SparseFeatures {
  readonly #ops: Ops
  readonly #texts: Value
  readonly #parameters: Readonly<Record<string, unknown>>

  constructor(ops: Ops, texts: Value, width: number, parameters: Readonly<Record<string, unknown>>, isWhole: boolean) {
    super(ops, width, sparseRows(ops, 'count-text', parameters, texts), undefined, isWhole)
    this.#ops = ops
    this.#texts = texts
    this.#parameters = parameters
  }

  weighted(weights: Weights): Features {
    return new CountedText(this.#ops, this.#texts, this.width, { ...this.#parameters, weights }, false)
  }
}

/** Sparse rows that a host kernel makes. */
export function sparseRows(ops: Ops, kernel: string, parameters: object, input: Value) {
  const shape = [-1, -1]
  const [indices, values] = ops.b.kernel(
    kernel,
    parameters,
    [input],
    [
      { datatype: 'INT64', shape },
      { datatype: 'FP64', shape },
    ],
  )
  return { indices: indices as Value, values: values as Value }
}

/** The one column of text that a vectorizer works on. */
export function textOf(x: Features, fitted: Fitted, ops: Ops): Value {
  if (x.width !== 1) throw fitted.unsupported(`it is given ${x.width} columns, and works on one of text`)
  const text = x.column(0).text()
  ops.b.refuseMissing(text)
  return text
}

/** `CountVectorizer`. */
function countVectorizer(fitted: Fitted, { ops }: Context): Opened {
  const { parameters, width, isWhole } = readCounting(fitted)
  return {
    title: fitted.title,
    input: { kind: 'texts' },
    transform: (x) => new CountedText(ops, textOf(x, fitted, ops), width, parameters, isWhole),
  }
}

/** `TfidfVectorizer`: counts weighed by the `TfidfTransformer` inside it. */
function tfidfVectorizer(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('norm', 'use_idf', 'smooth_idf', 'sublinear_tf')
  const { parameters, width } = readCounting(fitted)
  const inner = fitted.value('_tfidf')
  const transformer = fitted.inside(
    inner,
    'its TfidfTransformer',
    `"_tfidf" is ${describe(inner)}, and should be a TfidfTransformer`,
  )
  const weights = readWeights(transformer, width)
  transformer.finish()
  return {
    title: fitted.title,
    input: { kind: 'texts' },
    transform: (x) => new CountedText(ops, textOf(x, fitted, ops), width, { ...parameters, weights }, false),
  }
}

function readCounting(fitted: Fitted) {
  fitted.ignore('max_df', 'min_df', 'max_features')
  const analyzer = readAnalyzer(fitted)
  const vocabulary = readVocabulary(fitted)
  const isSingle = readDtype(fitted)
  const parameters = {
    analyzer,
    vocabulary,
    isBinary: fitted.flag('binary'),
    isSingle: isSingle === 'float32',
    weights: null,
  }
  return { parameters, width: vocabulary.length, isWhole: isSingle === 'int' }
}

/** What the kernels' `readAnalyzer` takes. */
function readAnalyzer(fitted: Fitted): object {
  fitted.ignore('encoding', 'decode_error')
  fitted.choice('input', ['content'])
  for (const name of ['preprocessor', 'tokenizer'] as const) refuseCode(fitted, name)
  const kind = fitted.raw('analyzer')
  if (typeof kind !== 'string') refuseCode(fitted, 'analyzer')
  const analyzer = fitted.choice('analyzer', ['word', 'char', 'char_wb'])
  const accents = fitted.raw('strip_accents')
  if (accents !== null && accents !== undefined && typeof accents !== 'string') refuseCode(fitted, 'strip_accents')
  const stopWords = analyzer === 'word' ? readStopWords(fitted) : []
  const pattern = analyzer === 'word' ? fitted.text('token_pattern') : undefined
  fitted.ignore('stop_words', 'token_pattern')
  const ngrams = fitted.ints('ngram_range')
  const [least = 0, most = 0] = ngrams
  if (ngrams.length !== 2 || least < 1 || most < least || most > 1_000)
    throw fitted.unsupported(`its "ngram_range" is (${ngrams.join(', ')}); covered are 1 to 1000`)
  return {
    lowercase: fitted.flag('lowercase'),
    accents: accents === null || accents === undefined ? 'keep' : fitted.choice('strip_accents', ['unicode', 'ascii']),
    analyzer,
    ngrams,
    ...(pattern !== undefined && { pattern: translatePattern(pattern, fitted.where), stopWords }),
  }
}

function refuseCode(fitted: Fitted, name: string): void {
  const value = fitted.raw(name)
  if (value === null || value === undefined) return
  throw fitted.unsupported(
    `its ${quote(name)} is code (${describe(value)}), which is not compiled: fit it without, or run it by its own library with --runtime python`,
  )
}

function readStopWords(fitted: Fitted): readonly string[] {
  const value = fitted.raw('stop_words')
  if (value === null || value === undefined) return []
  if (value === 'english') return ENGLISH_STOP_WORDS
  if (typeof value === 'string')
    throw fitted.unsupported(`its "stop_words" are ${quote(value)}; covered are "english" and lists`)
  const items =
    typeof value === 'object' && 'kind' in value && value.kind === 'set' ? value.items.map(plain) : itemsIn(value)
  if (items === undefined || !items.every((item) => typeof item === 'string'))
    throw fitted.unsupported(`its "stop_words" are ${describe(value)}, not a list of text`)
  return items
}

/** The terms by position: `vocabulary_`, or `vocabulary` where it never was fitted. */
function readVocabulary(fitted: Fitted): readonly string[] {
  const isFitted = fitted.has('vocabulary_')
  const name = isFitted ? 'vocabulary_' : 'vocabulary'
  const value = fitted.value(name)
  fitted.ignore('vocabulary')
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'dict') {
    const terms: string[] = []
    for (const [term, position] of value.entries) {
      const at = Number(plain(position))
      if (typeof term !== 'string') throw fitted.unsupported(`its vocabulary knows ${describe(term)}, which is no text`)
      if (!Number.isInteger(at) || at < 0 || at >= value.entries.length || terms[at] !== undefined)
        throw fitted.damaged(`its vocabulary has ${value.entries.length} terms, and ${quote(term)} at ${at}`)
      terms[at] = term
    }
    if (terms.length === 0) throw fitted.damaged('its vocabulary is empty')
    return terms
  }
  const isSet = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'set'
  const items = isSet ? value.items.map(plain) : itemsIn(value)
  if (items === undefined || items.length === 0 || !items.every((item) => typeof item === 'string'))
    throw fitted.unsupported(`its ${quote(name)} is ${describe(value)}; covered are dicts and lists of text`)
  const terms = items
  // Python sorts by code points
  return isSet ? [...terms].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))) : terms
}

/** Of the array that a vectorizer makes. */
export function readDtype(fitted: Fitted): 'int' | 'float64' | 'float32' {
  const value = fitted.raw('dtype')
  if (value === undefined) return 'float64'
  let name: string | undefined
  if (typeof value === 'string') name = value
  else if (typeof value === 'object' && value !== null && 'kind' in value) {
    if (value.kind === 'global') name = value.name
    else if (value.kind === 'dtype')
      name = { f: 'float', i: 'int', u: 'uint' }[value.code as 'f'] + String(value.itemSize * 8)
  }
  if (name === 'float32' || name === 'single') return 'float32'
  if (name === 'float64' || name === 'float' || name === 'double') return 'float64'
  if (name !== undefined && /^u?int(?:32|64|_|p|c)?$/.test(name)) return 'int'
  throw fitted.unsupported(`its "dtype" is ${name ?? describe(value)}; covered are float32, float64, int32 and int64`)
}

/** `TfidfTransformer`'s state. @see scikit-learn, `TfidfTransformer.transform` */
function readWeights(fitted: Fitted, width: number): Weights {
  fitted.ignore('smooth_idf')
  const norm = fitted.raw('norm')
  const usesIdf = fitted.flag('use_idf')
  const idf = fitted.has('idf_') ? fitted.vector('idf_', width) : usesIdf ? diagonal(fitted, width) : undefined
  return {
    isSublinear: fitted.flag('sublinear_tf'),
    idf: idf === undefined ? null : jsonNumbers(idf),
    norm: norm === null || norm === undefined ? 'none' : fitted.choice('norm', ['l1', 'l2']),
  }
}

/** `_idf_diag`, a sparse matrix with the weights on its diagonal: until 1.4. */
function diagonal(fitted: Fitted, width: number): Float64Array {
  const value = fitted.value('_idf_diag')
  const isGood = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'sparse'
  if (!isGood || value.shape[0] !== width || value.shape[1] !== width)
    throw fitted.damaged(`"_idf_diag" is no sparse matrix of ${width} x ${width}`)
  const idf = new Float64Array(width)
  for (let row = 0; row < width; row++)
    for (let i = value.starts[row] ?? 0; i < (value.starts[row + 1] ?? 0); i++) {
      if (value.columns[i] !== row) throw fitted.damaged('"_idf_diag" is no diagonal matrix')
      idf[row] = Number(value.values[i])
    }
  return idf
}

/** `TfidfTransformer` by itself: on counts of whatever kind. */
function tfidfTransformer(fitted: Fitted, { ops }: Context): Opened {
  const width = fitted.has('n_features_in_') || fitted.has('feature_names_in_') ? fitted.width() : widthOfIdf(fitted)
  const weights = readWeights(fitted, width)
  const idf = weights.idf === null ? undefined : Float64Array.from(weights.idf, Number)
  const { isSublinear, norm } = weights
  const weigh = (counts: Value, idfOf: (table: Value) => Value): Value => {
    let value = counts
    if (isSublinear) value = ops.where(ops.equal(value, 0), 0, ops.add(ops.log(value), 1))
    if (idf !== undefined) value = ops.mul(value, idfOf(ops.numbers(idf)))
    if (norm === 'none') return value
    const size = norm === 'l1' ? ops.sum(ops.abs(value), 1, true) : ops.sqrt(ops.sum(ops.mul(value, value), 1, true))
    return ops.div(value, ops.where(ops.equal(size, 0), 1, size))
  }
  return {
    title: fitted.title,
    input: fitted.input() ?? { kind: 'array', width },
    transform(x): Features {
      if (x instanceof CountedText) return x.weighted(weights)
      const { sparse } = x
      if (sparse === undefined)
        return new MatrixFeatures(
          ops,
          weigh(x.matrix(), (table) => table),
          x.names,
        )
      const values = weigh(sparse.values, (table) => ops.gather(table, sparse.indices))
      return new SparseFeatures(ops, x.width, { indices: sparse.indices, values }, x.names)
    },
  }
}

function widthOfIdf(fitted: Fitted): number {
  if (fitted.has('idf_')) return fitted.vector('idf_').length
  const value: PyValue | undefined = fitted.raw('_idf_diag')
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'sparse') return value.shape[0]
  throw fitted.damaged('it does not say how many features it was fitted on')
}

/** `HashingVectorizer`. */
function hashingVectorizer(fitted: Fitted, { ops }: Context): Opened {
  const norm = fitted.raw('norm')
  const features = fitted.int('n_features')
  const parameters = {
    analyzer: readAnalyzer(fitted),
    features: checkedPlaces(features, fitted),
    isSigned: fitted.flag('alternate_sign'),
    isSingle: readDtype(fitted) === 'float32',
    isBinary: fitted.flag('binary'),
    norm: norm === null || norm === undefined ? 'none' : fitted.choice('norm', ['l1', 'l2']),
  }
  return {
    title: fitted.title,
    input: { kind: 'texts' },
    transform: (x) =>
      new SparseFeatures(ops, features, sparseRows(ops, 'hash-text', parameters, textOf(x, fitted, ops))),
  }
}

/** A number of places that hashes fall to. */
export function checkedPlaces(features: number, fitted: Fitted): number {
  if (features >= 1 && features <= 2 ** 31 - 1) return features
  throw fitted.damaged(`its "n_features" is ${features}`)
}

export const TEXTS: Openers = {
  'sklearn.CountVectorizer': countVectorizer,
  'sklearn.TfidfVectorizer': tfidfVectorizer,
  'sklearn.TfidfTransformer': tfidfTransformer,
  'sklearn.HashingVectorizer': hashingVectorizer,
}
