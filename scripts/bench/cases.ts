import { quote } from '../../src/core/text.ts'

/** The models of the benchmark, from the one that costs nothing to the one whose request is large. */
export const MODELS = ['tiny', 'trees', 'encoder', 'image'] as const
export type ModelName = (typeof MODELS)[number]

/** What a server is asked: rows of a model, so many requests at once. */
export interface Case {
  readonly model: ModelName
  /** Rows of one request. */
  readonly rows: number
  /** Connections, each with one request under way. */
  readonly connections: number
}

export const CASES: readonly Case[] = [
  { model: 'tiny', rows: 1, connections: 1 },
  { model: 'tiny', rows: 1, connections: 8 },
  { model: 'tiny', rows: 1, connections: 64 },
  { model: 'tiny', rows: 32, connections: 8 },
  { model: 'trees', rows: 1, connections: 64 },
  { model: 'trees', rows: 32, connections: 8 },
  { model: 'encoder', rows: 1, connections: 8 },
  { model: 'image', rows: 1, connections: 1 },
  { model: 'image', rows: 1, connections: 4 },
]

/** As the command line and the results name it: `tiny/1@64`. */
export function caseName({ model, rows, connections }: Case): string {
  return `${model}/${rows}@${connections}`
}

/** As people read it. */
export function describeCase({ model, rows, connections }: Case): string {
  return `${model}, ${rows} ${rows === 1 ? 'row' : 'rows'}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`
}

/** @throws {Error} when the text names no case: the questions hold 1 row, and 32 of tiny and trees */
export function parseCase(text: string): Case {
  const [, model, rows, connections] = /^([a-z]+)\/(1|32)@([1-9]\d{0,3})$/.exec(text) ?? []
  const known = MODELS.find((each) => each === model)
  const found = known && { model: known, rows: Number(rows), connections: Number(connections) }
  const hasRows = found !== undefined && CASES.some((each) => each.model === found.model && each.rows === found.rows)
  if (hasRows) return found
  throw new Error(
    `a cell is a model, its rows and connections, such as ${CASES.map(caseName).join(', ')}; found ${quote(text)}`,
  )
}
