import type { CompiledModel } from '../compile-onnx.ts'
import { compileMembers } from '../sklearn/compile-estimator.ts'
import { openLightgbm } from './lightgbm.ts'
import { openXgboost } from './xgboost.ts'

export interface BoosterOptions {
  /** Compile what untested versions of the library have written too. */
  readonly allowUntested: boolean
}

/**
 * Compiles a file of XGBoost's own, JSON or UBJSON: one output, what `Booster.predict` answers by all of its trees.
 * @throws {ServingError} `refused` for a damaged file, `unsupported` for what is not covered
 */
export function compileXgboost(bytes: Uint8Array, { allowUntested }: BoosterOptions): CompiledModel {
  return compileMembers(
    (ops) => [{ prefix: '', opened: openXgboost(ops, bytes, 'the model', allowUntested) }],
    'xgboost',
    { producer: 'XGBoost', allowUntested },
  )
}

/**
 * Compiles a file of LightGBM's own, in its text form: one output, what `Booster.predict` answers.
 * @throws {ServingError} `refused` for a damaged file, `unsupported` for what is not covered
 */
export function compileLightgbm(bytes: Uint8Array, { allowUntested }: BoosterOptions): CompiledModel {
  const options = { iterations: undefined, where: 'the model', allowUntested }
  return compileMembers((ops) => [{ prefix: '', opened: openLightgbm(ops, bytes, options) }], 'lightgbm', {
    producer: 'LightGBM',
    allowUntested,
  })
}
