import { isKind } from '../../formats/python/refs.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { PyObject, PyValue } from '../../formats/python/values.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened } from './contract.ts'
import { Fitted, plain } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { OPENERS } from './registry.ts'

/** Oldest and newest scikit-learn whose files are tested, [major, minor]. */
export const TESTED_VERSIONS = { oldest: [1, 1], newest: [1, 9] } as const

/** Estimators inside one another: more is no model, and could be a loop. */
const MAX_DEPTH = 64

export interface OpenOptions {
  /** Compile what other versions of scikit-learn have written too. */
  readonly allowUntested: boolean
  readonly warn: (sentence: string) => void
}

/**
 * Opens an estimator of a file, and what is inside it.
 * @param name what the file keeps it under, where it keeps several
 * @throws {ServingError} `unsupported` naming the class, hyper-parameter or version that is not covered; `refused`
 */
export function openEstimator(value: PyValue | undefined, ops: Ops, options: OpenOptions, name = ''): Opened {
  const opened = new Map<PyObject, Opened>()
  const inside: string[] = []
  let depth = 0

  function open(found: PyValue | undefined, where: string): Opened {
    const object = estimatorOf(found, where)
    const known = opened.get(object)
    if (known !== undefined) return known
    if (depth >= MAX_DEPTH)
      throw new ServingError('refused', `${where}: estimators stand in one another over ${MAX_DEPTH} deep`)
    const fitted = new Fitted(object, where)
    checkVersion(fitted, options)
    const name = `${fitted.package}.${fitted.title}`
    const opener = OPENERS.get(name)
    if (opener === undefined) throw unknownClass(fitted)
    depth++
    inside.push(where)
    const result = opener(fitted, context)
    fitted.finish()
    inside.pop()
    depth--
    opened.set(object, result)
    return result
  }

  const context: Context = {
    ops,
    allowUntested: options.allowUntested,
    open: (found, role, parent) => open(found, `${parent.where}, ${role}${classIn(found)}`),
    warn: options.warn,
  }
  const title = classIn(value)
  return open(value, name === '' ? title.trim().slice(1, -1) || 'the file' : `${quote(name)}${title}`)
}

function classIn(value: PyValue | undefined): string {
  const simple = plain(value)
  return isKind(simple, 'object') ? ` (${simple.class.name})` : ''
}

function estimatorOf(value: PyValue | undefined, where: string): PyObject {
  const simple = plain(value)
  if (isKind(simple, 'object')) return simple
  throw new ServingError('refused', `${where}: there is ${describe(simple)} where an estimator should be`)
}

const BY_BATCH =
  'its transform works on all rows of a call together, and ends when all have settled: what it gives for a row depends on the rows beside it'

/** Why scikit-learn's classes are not covered, where there is more to say. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['NMF', BY_BATCH],
  ['MiniBatchNMF', BY_BATCH],
])

function unknownClass({ object, where, package: library }: Fitted): ServingError {
  const name = `${object.class.module}.${object.class.name}`
  const reason = library === 'sklearn' ? REASONS.get(object.class.name) : undefined
  const why = reason === undefined ? '' : ` (${reason})`
  const isOurs = ['sklearn', 'xgboost', 'lightgbm', 'imblearn'].includes(library)
  return new ServingError(
    'unsupported',
    isOurs
      ? `${where}: ${name} is not covered by the compiler${why}; run it by its own library with --runtime python`
      : `${where}: ${quote(name)} is code of yours, which a model file does not carry and Slipway does not run unasked; with --runtime python it runs in a process of its own`,
    { details: { class: name } },
  )
}

function checkVersion({ version, where }: Fitted, { allowUntested }: OpenOptions): void {
  if (version === undefined || allowUntested) return
  const number = version[0] * 1000 + version[1]
  const { oldest, newest } = TESTED_VERSIONS
  if (number >= oldest[0] * 1000 + oldest[1] && number <= newest[0] * 1000 + newest[1]) return
  throw new ServingError(
    'unsupported',
    `${where} was written by scikit-learn ${version.join('.')}; tested are ${oldest.join('.')} to ${newest.join('.')}: --allow-untested compiles it all the same, with golden rows to check`,
    { details: { version: version.join('.') } },
  )
}
