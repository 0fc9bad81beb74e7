import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'

/** What an objective makes of the sums of its trees, and of its base score before them. */
export interface XgboostLink {
  readonly transform: 'identity' | 'logistic' | 'exp' | 'softmax' | 'largest' | 'above zero'
  readonly base: 'identity' | 'logit' | 'log'
}

const IDENTITY: XgboostLink = { transform: 'identity', base: 'identity' }
const LOGISTIC: XgboostLink = { transform: 'logistic', base: 'logit' }
const LOG: XgboostLink = { transform: 'exp', base: 'log' }

/** @see XGBoost, `src/objective`: `PredTransform` and `ProbToMargin` of each objective */
const LINKS: ReadonlyMap<string, XgboostLink> = new Map([
  ['reg:squarederror', IDENTITY],
  ['reg:linear', IDENTITY],
  ['reg:squaredlogerror', IDENTITY],
  ['reg:pseudohubererror', IDENTITY],
  ['reg:absoluteerror', IDENTITY],
  ['reg:quantileerror', IDENTITY],
  ['reg:logistic', LOGISTIC],
  ['binary:logistic', LOGISTIC],
  ['binary:logitraw', IDENTITY],
  ['binary:hinge', { transform: 'above zero', base: 'identity' }],
  ['count:poisson', LOG],
  ['reg:gamma', LOG],
  ['reg:tweedie', LOG],
  ['survival:cox', LOG],
  ['survival:aft', LOG],
  ['multi:softprob', { transform: 'softmax', base: 'identity' }],
  ['multi:softmax', { transform: 'largest', base: 'identity' }],
  ['rank:pairwise', IDENTITY],
  ['rank:ndcg', IDENTITY],
  ['rank:map', IDENTITY],
])

/** @throws {ServingError} `unsupported` naming an objective that is not covered */
export function linkOf(objective: string, where: string): XgboostLink {
  const link = LINKS.get(objective)
  if (link !== undefined) return link
  throw new ServingError(
    'unsupported',
    `${where}: the objective ${quote(objective)} is not covered; covered are ${Array.from(LINKS.keys()).join(', ')}`,
  )
}

/** A base score as what sums begin with, in FP32 as XGBoost works it out. */
export function baseMargin(score: number, { base }: XgboostLink): number {
  if (base === 'identity') return score
  if (base === 'log') return Math.fround(Math.log(score))
  return Math.fround(-Math.log(Math.fround(Math.fround(1 / score) - 1)))
}

/** Sums as what is predicted: FP64 of FP32's precision. @param margin FP64 [rows, groups] */
export function transformed(ops: Ops, margin: Value, { transform }: XgboostLink): Value {
  switch (transform) {
    case 'logistic':
      return ops.roundToFloat(ops.sigmoid(margin))
    case 'exp':
      return ops.roundToFloat(ops.exp(margin))
    case 'softmax':
      return ops.roundToFloat(ops.softmax(margin))
    case 'largest':
      return ops.unsqueeze(ops.cast(ops.argMax(margin, 1), 'FP64'), 1)
    case 'above zero':
      return ops.cast(ops.greater(margin, 0), 'FP64')
    default:
      return margin
  }
}
