import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { SparseFeatures, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { checkedPlaces, readDtype, sparseRows, textOf } from './text.ts'

/** Rows made of JSON objects; numbers that are missing or infinite are refused where the next estimator refuses them. */
class RecordRows extends SparseFeatures {
  readonly #again: (isNaNAllowed: boolean) => Features

  constructor(ops: Ops, records: Value, width: number, kernel: string, parameters: Readonly<Record<string, unknown>>) {
    super(ops, width, sparseRows(ops, kernel, parameters, records))
    this.#again = (isNaNAllowed) =>
      parameters['allows'] === 'finite' || (isNaNAllowed && parameters['allows'] === 'missing')
        ? this
        : new RecordRows(ops, records, width, kernel, { ...parameters, allows: isNaNAllowed ? 'missing' : 'finite' })
  }

  override check(isNaNAllowed = false): Features {
    return this.#again(isNaNAllowed)
  }
}

/** `DictVectorizer`: objects `{name: number or text}`. */
function dictVectorizer(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('sparse', 'sort')
  const names = fitted.list('feature_names_')
  if (!names.every((name) => typeof name === 'string'))
    throw fitted.unsupported('it knows features whose names are no text, and JSON objects have only such')
  if (names.length === 0) throw fitted.damaged('it knows no features')
  const parameters = {
    names,
    separator: fitted.text('separator'),
    isSingle: readDtype(fitted) === 'float32',
    allows: 'all',
  }
  return {
    title: fitted.title,
    input: { kind: 'records' },
    transform: (x) => new RecordRows(ops, textOf(x, fitted, ops), names.length, 'vectorize-records', parameters),
  }
}

/** `FeatureHasher`: objects, lists of pairs, or lists of names. */
function featureHasher(fitted: Fitted, { ops }: Context): Opened {
  const features = checkedPlaces(fitted.int('n_features'), fitted)
  const parameters = {
    form: fitted.choice('input_type', ['dict', 'pair', 'string']),
    features,
    isSigned: fitted.flag('alternate_sign'),
    isSingle: readDtype(fitted) === 'float32',
    allows: 'all',
  }
  return {
    title: fitted.title,
    input: { kind: 'records' },
    transform: (x) => new RecordRows(ops, textOf(x, fitted, ops), features, 'hash-records', parameters),
  }
}

export const RECORDS: Openers = { 'sklearn.DictVectorizer': dictVectorizer, 'sklearn.FeatureHasher': featureHasher }
