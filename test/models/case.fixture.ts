import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A number as cases write it: NaN and the infinities are text, Python's None is null. */
export type CaseValue = number | boolean | string | null

export interface CaseArray {
  /** numpy's name of it; `<U7` is text. */
  readonly dtype: string
  readonly shape: readonly number[]
  readonly sparse: boolean
  readonly data: readonly CaseValue[]
}

export interface CaseColumn {
  readonly name: string | number
  readonly dtype: string
  readonly categories: readonly CaseValue[] | null
  readonly data: readonly CaseValue[]
}

/** The rows that a model is asked. */
export type CaseInput =
  | ({ readonly kind: 'array' } & CaseArray)
  | { readonly kind: 'frame'; readonly columns: readonly CaseColumn[] }
  | { readonly kind: 'text'; readonly data: readonly string[] }
  | { readonly kind: 'records'; readonly data: readonly object[] }

/** What may become of a file: served with its recorded numbers, left to a worker with its own code, or turned down. */
export type Expectation = 'compile-or-worker' | 'refuse-or-worker' | 'refuse-with-advice' | 'refuse'

/** What is known of a case: `case.json`. */
export interface CaseAbout {
  readonly id: string
  readonly model: string
  readonly expect: Expectation
  readonly rtol?: number
  readonly atol?: number
  readonly family?: string
  readonly estimator?: string
  readonly estimators: readonly string[]
  readonly outputs: readonly string[]
  readonly libs: Readonly<Record<string, string>>
  readonly original?: { readonly method: string; readonly one_row_p50_us: number }
  /** A path that exists when the file's code has run. */
  readonly must_not_create?: string
  readonly max_seconds?: number
}

/** A trained model's file, the rows it is asked, and what its own library answers. */
export interface ModelCase {
  readonly about: CaseAbout
  readonly path: string
  readonly input: CaseInput | undefined
  readonly outputs: ReadonlyMap<string, CaseArray>
}

/** @param folder with `case.json`, the model's file and, where it is to be asked, `input.json` and `expected.json` */
export function readCase(folder: string): ModelCase {
  const about = readJson(folder, 'case.json') as CaseAbout
  const path = join(folder, about.model)
  if (about.expect === 'refuse') return { about, path, input: undefined, outputs: new Map() }
  const expected = readJson(folder, 'expected.json') as { outputs: Record<string, CaseArray> }
  return {
    about,
    path,
    input: readJson(folder, 'input.json') as CaseInput,
    outputs: new Map(Object.entries(expected.outputs)),
  }
}

export function readJson(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'))
}

/** @returns NaN for None too */
export function toNumber(value: CaseValue): number {
  return value === null ? NaN : Number(value)
}
