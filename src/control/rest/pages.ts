import { hash } from 'node:crypto'
import type { Page } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import type { Kind, Reader, Stored } from '../store/store.ts'

/** Most numbers that one page looks at: those in between may be gone. */
const MAX_LOOKED_AT = 5000

/** A page's end as text, good only for the list that it is of. @param list all that tells the list: its resource and filters */
export function cursorOf(list: readonly unknown[], at: string | number): string {
  return Buffer.from(JSON.stringify([at, mark(list, at)])).toString('base64url')
}

/** @throws {ServingError} `invalid_argument` for one that is damaged, or of another list */
export function readCursor(list: readonly unknown[], cursor: string): string | number {
  try {
    const [at, seal, ...others] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    const isPlace = (typeof at === 'number' && Number.isSafeInteger(at)) || typeof at === 'string'
    if (isPlace && others.length === 0 && seal === mark(list, at)) return at
  } catch {
    // said below
  }
  throw badCursor()
}

export function badCursor(): ServingError {
  return new ServingError('invalid_argument', 'the cursor is not one of this list: ask for its first page again', {
    details: { reason: 'cursor' },
  })
}

function mark(list: readonly unknown[], at: string | number): string {
  return hash('sha256', JSON.stringify([list, at]), 'hex').slice(0, 16)
}

/**
 * Records whose names end in a number, the highest first.
 * @param last the highest number that may be there
 */
export async function pageByNumber<K extends Kind, T>(
  tx: Reader,
  of: { readonly kind: K; readonly project: string; readonly parent: string; readonly last: number },
  query: {
    readonly limit?: number | undefined
    readonly cursor?: string | undefined
    readonly state?: string | undefined
  },
  show: (stored: Stored<K>) => T,
): Promise<Page<T>> {
  const { kind, project, parent, last } = of
  const { limit = 100, cursor, state } = query
  const list = [kind, project, parent, state]
  const from = cursor === undefined ? last : Number(readCursor(list, cursor))
  const states = state?.split(',')
  const items: T[] = []
  let number = Math.min(from, last)
  for (let looked = 0; number >= 1 && items.length < limit && looked < MAX_LOOKED_AT; number--, looked++) {
    const stored = await tx.get(kind, project, `${parent}/${number}`)
    if (stored === undefined) continue
    if (states !== undefined && !states.includes(String((stored.document as { state?: unknown }).state))) continue
    items.push(show(stored))
  }
  return number >= 1 ? { items, cursor: cursorOf(list, number) } : { items }
}
