import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import type { Labels } from './labels.ts'

/** What an estimator takes when it is what is asked, and not a part of another. */
export type InputForm =
  /** A matrix of so many columns. */
  | { readonly kind: 'array'; readonly width: number }
  /** A data frame with these columns. */
  | { readonly kind: 'frame'; readonly names: readonly string[] }
  /** A list of texts. */
  | { readonly kind: 'texts' }
  /** A list of objects `{feature: value}`. */
  | { readonly kind: 'records' }

/** One array, or one for each target where scikit-learn returns a list. */
export type PerTarget<T> = T | readonly T[]

/**
 * A fitted estimator, opened: its state is read and checked, and each of its methods adds what it computes to the
 * program. A method may be called any number of times; the same call gives the same values. Absent methods are those that
 * the estimator does not have as it was fitted.
 */
export interface Opened {
  /** Class name, for messages. */
  readonly title: string
  /** undefined where the estimator does not know (a transformer without state). */
  readonly input: InputForm | undefined
  /** Of a classifier: its labels, in the order of `predictProba`'s columns; one list a target where it has several. */
  readonly classes?: PerTarget<Labels>
  /** Of a classifier of one target: the position of each row's label in `classes`, INT64 [rows]. */
  readonly classIndex?: (x: Features) => Value
  /**
   * [rows], or [rows, targets]. FP64 for regressors; a classifier's labels in their own type; clusters and outliers as
   * INT64.
   */
  readonly predict?: (x: Features) => Value
  /** FP64 [rows, classes]. */
  readonly predictProba?: (x: Features) => PerTarget<Value>
  /** FP64 [rows] for two classes and for outliers, [rows, classes] (or pairs of classes) for more. */
  readonly decisionFunction?: (x: Features) => PerTarget<Value>
  /** FP64 [rows]. */
  readonly scoreSamples?: (x: Features) => Value
  readonly transform?: (x: Features) => Features
  /** FP64 [rows, k] and INT64 [rows, k]. */
  readonly kneighbors?: (x: Features) => readonly [distances: Value, indices: Value]
}

/** What openers work with: one for each compilation. */
export interface Context {
  readonly ops: Ops
  /** Compile what untested versions of a library have written too. */
  readonly allowUntested: boolean
  /** Opens an estimator inside another. @param role what it is there: `step "clf"`, `estimator 3` */
  readonly open: (value: PyValue | undefined, role: string, parent: Fitted) => Opened
  /** Says something that the user should know and that stops nothing. */
  readonly warn: (sentence: string) => void
}

/**
 * Opens one class of estimators: reads all that its methods need, checks it, and names every hyper-parameter that it has
 * understood (`Fitted` refuses the others afterwards).
 * @throws {ServingError} `unsupported` for what is not covered, `refused` for state that cannot be
 */
export type Opener = (fitted: Fitted, context: Context) => Opened

/** Openers by `package.ClassName`: `sklearn.StandardScaler`, `xgboost.XGBClassifier`. */
export type Openers = Readonly<Record<string, Opener>>
