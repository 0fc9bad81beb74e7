import { quote } from '../../src/core/text.ts'

/** The models of the benchmark, from the one that costs nothing to the one whose request is large. */
export const MODELS = ['tiny', 'trees', 'encoder', 'image'] as const
export type ModelName = (typeof MODELS)[number]

/** What a server is asked: rows of a model, so many requests at once. */
export interface Case {
  readonly model: ModelName
  /** Rows of one request. */
  readonly rows: number
  /** Connections, each with one request under way, or with so many as it has streams. */
  readonly connections: number
  /** Requests under way on each connection, by gRPC. Absent where the server is asked by HTTP. */
  readonly streams?: number
}

export const CASES: readonly Case[] = [
  { model: 'tiny', rows: 1, connections: 1 },
  { model: 'tiny', rows: 1, connections: 8 },
  { model: 'tiny', rows: 1, connections: 64 },
  { model: 'tiny', rows: 32, connections: 8 },
  { model: 'tiny', rows: 1, connections: 1, streams: 1 },
  { model: 'tiny', rows: 1, connections: 8, streams: 8 },
  { model: 'trees', rows: 1, connections: 64 },
  { model: 'trees', rows: 32, connections: 8 },
  { model: 'encoder', rows: 1, connections: 8 },
  { model: 'image', rows: 1, connections: 1 },
  { model: 'image', rows: 1, connections: 4 },
]

/** Whether the server is asked by gRPC. */
export function isGrpc({ streams }: Pick<Case, 'streams'>): boolean {
  return streams !== undefined
}

/** As the command line and the results name it: `tiny/1@64`, and by gRPC `tiny/1@8x8`. */
export function caseName({ model, rows, connections, streams }: Case): string {
  return `${model}/${rows}@${connections}${streams === undefined ? '' : `x${streams}`}`
}

/** As people read it. */
export function describeCase({ model, rows, connections, streams }: Case): string {
  const asked = `${model}, ${counted(rows, 'row')}`
  if (streams === undefined) return `${asked}, ${counted(connections, 'connection')}`
  return `${asked}, ${counted(connections * streams, 'stream')} on ${counted(connections, 'connection')}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** @throws {Error} when the text names no case: the questions hold 1 row, and 32 of tiny and trees */
export function parseCase(text: string): Case {
  const [, model, rows, connections, streams] = /^([a-z]+)\/(1|32)@([1-9]\d{0,3})(?:x([1-9]\d{0,2}))?$/.exec(text) ?? []
  const known = MODELS.find((each) => each === model)
  const hasRows = CASES.some((each) => each.model === known && each.rows === Number(rows))
  if (known === undefined || !hasRows)
    throw new Error(
      `a cell is a model, its rows and connections, such as ${CASES.map(caseName).join(', ')} (x: streams on each, by gRPC); found ${quote(text)}`,
    )
  const found = { model: known, rows: Number(rows), connections: Number(connections) }
  return streams === undefined ? found : { ...found, streams: Number(streams) }
}
