import { hash } from 'node:crypto'
import { bytesOf, type Tensor, type Tensors } from '../../tensor/tensor.ts'

/** What to do with a run, by what its rows did before. */
export type Verdict =
  /** Nothing is known against it. */
  | 'run'
  /** Its rows are some of those of a run that killed: they may kill once, not twice. */
  | 'run-once'
  /** All rows of a run that killed are in it. */
  | 'refuse'

export interface Poisons {
  judge(inputs: Tensors): Verdict
  /** Remembers the rows of a run that killed. */
  add(inputs: Tensors): void
}

/** How long rows are held against whoever brings them again (ms), and most runs that are remembered. */
const REMEMBERED_MS = 60_000
const MOST_REMEMBERED = 64

interface Killer {
  /** A digest of each row, in order. */
  readonly rows: readonly string[]
  readonly untilMs: number
}

/**
 * Remembers the rows of runs that ended the processes that ran them. Such a run is refused whatever other rows come with
 * it, without another death; so a batcher that tries the parts of what was refused comes down to the guilty request. The
 * first time, its parts may kill but once each: tried one by one they cost one death more, tried in halves one at each step.
 * While nothing is remembered it costs nothing.
 */
export function createPoisons(now: () => number): Poisons {
  let killers: Killer[] = []

  function judge(inputs: Tensors): Verdict {
    if (killers.length === 0) return 'run'
    killers = killers.filter(({ untilMs }) => untilMs > now())
    if (killers.length === 0) return 'run'
    const rows = digestsOf(inputs)
    if (killers.some((killer) => holds(rows, killer.rows))) return 'refuse'
    return killers.some((killer) => holds(killer.rows, rows)) ? 'run-once' : 'run'
  }

  function add(inputs: Tensors): void {
    killers.push({ rows: digestsOf(inputs), untilMs: now() + REMEMBERED_MS })
    if (killers.length > MOST_REMEMBERED) killers.shift()
  }

  return { judge, add }
}

/** Whether the rows of `part` stand in `all`, together and in order. */
function holds(all: readonly string[], part: readonly string[]): boolean {
  const [first = ''] = part
  for (let at = all.indexOf(first); at !== -1; at = all.indexOf(first, at + 1))
    if (part.every((row, i) => row === all[at + i])) return true
  return false
}

/** A digest of each row over all inputs; one of everything where the inputs do not agree on rows. */
function digestsOf(inputs: Tensors): string[] {
  const byName = [...inputs].sort(([a], [b]) => (a < b ? -1 : 1))
  const [rows, ...others] = new Set(byName.map(([, { shape }]) => shape[0] ?? -1))
  const isByRow = rows !== undefined && rows > 0 && others.length === 0
  const count = isByRow ? rows : 1
  return Array.from({ length: count }, (_, row) => {
    const pieces: Uint8Array[] = []
    for (const [name, value] of byName) {
      const shape = isByRow ? value.shape.slice(1) : value.shape
      const elements = value.data.length / count
      pieces.push(
        Buffer.from(JSON.stringify([name, value.datatype, shape])),
        ...piecesOf(value, row * elements, elements),
      )
    }
    return hash('sha256', Buffer.concat(pieces), 'base64')
  })
}

/** The bytes of some elements, each of BYTES behind its length, so that none runs into the next. */
function piecesOf(value: Tensor, from: number, count: number): Uint8Array[] {
  if (value.datatype !== 'BYTES') return [bytesOf(value.data.subarray(from, from + count))]
  return value.data
    .slice(from, from + count)
    .flatMap((element) => [new Uint8Array(Float64Array.of(element.byteLength).buffer), element])
}
