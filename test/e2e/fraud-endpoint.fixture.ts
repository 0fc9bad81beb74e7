import { join } from 'node:path'
import { expect } from 'vitest'
import type { RunningPlatform } from '../support/platform.ts'

/** A pipeline of scikit-learn with texts and numbers among its columns. */
export const FRAUD = join(import.meta.dirname, '../../examples/fraud-pipeline/fraud.joblib')
export const ROW = {
  amount: 950,
  hour: 3,
  country: 'BR',
  device: 'web',
  account_age_days: 4,
  failed_tries: 3,
  foreign: 1,
}
/** V2 JSON of one row. */
export const BODY = JSON.stringify({
  inputs: Object.entries(ROW).map(([name, value]) => ({
    name,
    shape: [1, 1],
    datatype: typeof value === 'string' ? 'BYTES' : 'FP64',
    data: [value],
  })),
  outputs: [{ name: 'predict_proba' }],
})
/** As scikit-learn says. */
export const PROBABILITY = 0.9443858181201658

/** What the endpoint answers; the test fails where it does not. */
export async function probability(
  platform: RunningPlatform,
  endpoint = 'fraud',
  headers?: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const response = await platform.infer(endpoint, BODY, headers)
  const text = await response.text()
  expect(response.status, text).toBe(200)
  const { outputs } = JSON.parse(text) as { outputs: { data: number[] }[] }
  return outputs[0]?.data[1]
}
