import { isKind } from '../../formats/python/refs.ts'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { PyObject, PyValue } from '../../formats/python/values.ts'
import { plain } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import type { Opened } from './contract.ts'
import { chain } from './pipeline.ts'
import { OPENERS } from './registry.ts'

/** A model of a file: an estimator, or several that run one after the other. */
export interface Member {
  /** What goes before the names of its outputs; empty where the file is this model. */
  readonly prefix: string
  readonly opened: Opened
}

interface Candidate {
  /** The key or the place that it stands under; in containers inside one another, each one's, with points. */
  readonly name: string
  readonly value: PyObject
  /** How many containers it stands in beside the outermost. */
  readonly depth: number
}

type Open = (value: PyObject, where: string) => Opened

/** Most models of one file. */
const MOST_MEMBERS = 256

/** Containers inside the outermost that are entered, one in another; and values looked at in all. */
const MOST_DEPTH = 8
const MOST_LOOKED = 1_000_000

/**
 * The models that a file holds: itself, or what a dict, list or tuple of estimators holds, and those in it. Whatever else
 * a dict keeps beside its model (thresholds, names, dates) is left alone, and so are models deeper inside (of a
 * cross-validation) beside models of its own. A transformer belongs before the model where the model could
 * not take anything else (what a vectorizer gives), or where the user says so; that is never guessed.
 * @param steps keys or places of the estimators that run one after the other, as the user names them
 * @throws {ServingError} `refused` where the file holds none, `unsupported` where nobody says what runs before what;
 *   `invalid_argument` for steps that are not there
 */
export function membersOf(root: PyValue, steps: readonly string[], open: Open): readonly Member[] {
  const value = plain(root) ?? null
  if (isKind(value, 'object')) return [{ prefix: '', opened: open(value, '') }]
  const all = candidates(value)
  const found = steps.length > 0 ? all : withoutDeeper(all)
  if (found.length === 0)
    throw new ServingError(
      'refused',
      `the file holds ${describe(value)} with no model in it; save the fitted estimator itself`,
    )
  if (found.length > MOST_MEMBERS)
    throw new ServingError('too_large', `the file holds ${found.length} models; the most is ${MOST_MEMBERS}`)
  const opened = ({ name, value }: Candidate) => open(value, name)
  if (steps.length > 0) return [{ prefix: '', opened: chain(named(found, steps).map(opened)) }]
  if (found.length === 1 && found[0] !== undefined) return [{ prefix: '', opened: opened(found[0]) }]
  const unknown = found.filter(({ value }) => !isCovered(value))
  const covered = found.filter(({ value }) => isCovered(value))
  const predictors = covered.filter(({ value }) => isPredictor(value))
  const [predictor] = predictors
  if (predictor !== undefined && (predictors.length < covered.length || unknown.length > 0)) {
    const [first, ...others] = covered.filter((each) => !predictors.includes(each))
    if (first !== undefined && others.length === 0 && predictors.length === 1 && unknown.length === 0) {
      const parts = [opened(first), opened(predictor)] as const
      if (mustFollow(...parts)) return [{ prefix: '', opened: chain(parts) }]
    }
    throw new ServingError(
      'unsupported',
      `the file holds ${quoteList(
        found.map(({ name, value }) => `${name}: ${value.class.name}`),
        6,
      )}; what runs before what is not said, and the model would take its rows either way: name them in order with --steps ${[...found.filter((each) => !predictors.includes(each)), predictor].map(({ name }) => name).join(',')}, or put them into one Pipeline and save that`,
    )
  }
  return (predictors.length > 0 ? predictors : covered).map((each) => ({
    prefix: `${each.name}.`,
    opened: opened(each),
  }))
}

/** The models nearest to the top, where those below them are predictors too: nothing that could run before or after. */
function withoutDeeper(found: readonly Candidate[]): readonly Candidate[] {
  const least = Math.min(...found.map(({ depth }) => depth))
  const nearest = found.filter(({ depth }) => depth === least)
  const isWhole = found.every(({ depth, value }) => isCovered(value) && (isPredictor(value) || depth === least))
  return isWhole && nearest.some(({ value }) => isPredictor(value)) ? nearest : found
}

/** @throws {ServingError} `invalid_argument` */
function named(found: readonly Candidate[], steps: readonly string[]): readonly Candidate[] {
  return steps.map((step) => {
    const each = found.find(({ name }) => name === step)
    if (each !== undefined) return each
    throw new ServingError(
      'invalid_argument',
      `--steps names ${quote(step)}; the file holds ${quoteList(found.map(({ name }) => name))}`,
    )
  })
}

/** Whether a model takes nothing that the transformer before it takes, so that only what the transformer gives is left. */
function mustFollow(transformer: Opened, model: Opened): boolean {
  const [before, after] = [transformer.input, model.input]
  if (transformer.transform === undefined || before === undefined || after?.kind !== 'array') return false
  if (before.kind === 'texts' || before.kind === 'records') return true
  return (before.kind === 'array' ? before.width : before.names.length) !== after.width
}

/** Models in dicts, lists, tuples and arrays of objects, these in one another too; a container is entered once. */
function candidates(root: PyValue): Candidate[] {
  const found: Candidate[] = []
  const names = new Set<string>()
  const entered = new Set<PyValue>()
  let looked = 0

  function look(value: PyValue, path: readonly string[]): void {
    for (const [key, item] of entriesOf(value)) {
      if (++looked > MOST_LOOKED) return
      const each = plain(item) ?? null
      const simple = plain(key)
      const isName = typeof simple === 'string' || typeof simple === 'bigint'
      const name = [...path, isName ? String(simple) : describe(key)].join('.')
      if (isKind(each, 'object')) {
        if (!isModel(each)) continue
        if (!isName)
          throw new ServingError('unsupported', `the file keeps a model under ${quote(name)}; keys must be text`)
        if (names.has(name))
          throw new ServingError(
            'unsupported',
            `the file keeps two models under ${quote(name)}; rename one of its keys`,
          )
        names.add(name)
        found.push({ name, value: each, depth: path.length })
      } else if (path.length < MOST_DEPTH && !entered.has(each)) {
        entered.add(each)
        look(each, [...path, isName ? String(simple) : describe(key)])
      }
    }
  }

  entered.add(root)
  look(root, [])
  return found
}

/** What a container holds, by key or place. */
function entriesOf(value: PyValue): readonly (readonly [key: PyValue, value: PyValue])[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  if (value.kind === 'dict') return value.entries
  const items = value.kind === 'list' || value.kind === 'tuple' ? value.items : undefined
  const array = value.kind === 'ndarray' && value.holds === 'objects' ? value.data : undefined
  return (items ?? array ?? []).map((item, i) => [BigInt(i), item])
}

/** Transformers of labels, which stand beside a model and never before it. */
const OF_LABELS: ReadonlySet<string> = new Set(['LabelEncoder', 'LabelBinarizer', 'MultiLabelBinarizer'])

/** Whether it may be a model: of a class that we know, or of a library of models, or of the user's own with state. */
function isModel(value: PyObject): boolean {
  if (OF_LABELS.has(value.class.name)) return false
  return (
    isCovered(value) ||
    (value.made === 'instance' &&
      value.attributes.size > 0 &&
      /^(sklearn|xgboost|lightgbm|catboost|imblearn|__main__)\b/.test(value.class.module))
  )
}

function isCovered({ class: { module, name } }: PyObject): boolean {
  return OPENERS.has(`${module.split('.')[0]}.${name}`)
}

/** By what only fitted predictors have. */
function isPredictor({ attributes, class: { name } }: PyObject): boolean {
  if (attributes.has('classes_') || /(Classifier|Regressor|Regression|SVC|SVR|Booster|Ranker)(CV)?$/.test(name))
    return true
  const steps = attributes.get('steps')
  if (isKind(steps, 'list')) {
    const last = steps.items.at(-1)
    const estimator = typeof last === 'object' && last !== null && 'items' in last ? last.items[1] : undefined
    return estimator !== undefined && isKind(estimator, 'object') && isPredictor(estimator)
  }
  return !/(Scaler|Encoder|Vectorizer|Transformer|Imputer|Normalizer|Binarizer|PCA|SVD|Union|Selector|Features|Threshold|Best)$/.test(
    name,
  )
}
