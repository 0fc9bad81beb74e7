import { join } from 'node:path'
import {
  readJson,
  type CaseArray,
  type CaseColumn,
  type CaseInput,
  type CaseValue,
  type ModelCase,
} from './case.fixture.ts'

type Row = string | readonly CaseValue[] | Readonly<Record<string, CaseValue>>

interface Demo {
  readonly rows: readonly Row[]
  readonly predict?: readonly CaseValue[]
  readonly predict_proba?: readonly (readonly CaseValue[])[]
}

/** The demo models as cases, by their files' names. */
export function readDemos(folder: string): ReadonlyMap<string, ModelCase> {
  const demos = readJson(folder, 'demo.json') as Record<string, Demo>
  return new Map(
    Object.entries(demos).map(([file, demo]) => {
      const { predict = [], predict_proba: proba } = demo
      const outputs = new Map<string, CaseArray>([['predict', { ...labels(predict), sparse: false, data: predict }]])
      const width = proba?.[0]?.length ?? 0
      const data = proba?.flat() ?? []
      if (proba !== undefined)
        outputs.set('predict_proba', { dtype: 'float64', shape: [proba.length, width], sparse: false, data })
      const about = {
        id: file,
        model: file,
        expect: 'compile-or-worker',
        estimators: [],
        outputs: [...outputs.keys()],
        libs: {},
      } as const
      return [file, { about, path: join(folder, file), input: question(demo.rows), outputs }]
    }),
  )
}

function labels(data: readonly CaseValue[]): Pick<CaseArray, 'dtype' | 'shape'> {
  const shape = [data.length]
  if (data.some((value) => typeof value === 'string')) return { dtype: '<U', shape }
  return { dtype: data.every(Number.isInteger) ? 'int64' : 'float64', shape }
}

function question(rows: readonly Row[]): CaseInput {
  const first = rows[0]
  if (typeof first === 'string') return { kind: 'text', data: rows as readonly string[] }
  if (Array.isArray(first)) {
    const data = (rows as readonly (readonly CaseValue[])[]).flat()
    return { kind: 'array', dtype: 'float64', shape: [rows.length, first.length], sparse: false, data }
  }
  const columns = Object.keys(first ?? {}).map((name): CaseColumn => {
    const data = (rows as readonly Readonly<Record<string, CaseValue>>[]).map((row) => row[name] ?? null)
    return { name, dtype: 'object', categories: null, data }
  })
  return { kind: 'frame', columns }
}
