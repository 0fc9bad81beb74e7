import { createHmac, timingSafeEqual } from 'node:crypto'
import { ServingError } from '../../core/errors.ts'
import type { Kind, ListQuery } from './store.ts'

/** The last item of a page: the next begins behind it, whatever was put in or taken out meanwhile. */
export interface Place {
  readonly project: string
  readonly name: string
}

const MAC_BYTES = 12

/** Cursors of lists: a place, sealed with a secret of the database for the query that it belongs to. */
export interface Cursors {
  encode(kind: Kind, query: ListQuery, place: Place): string
  /** @throws {ServingError} `invalid_argument` for one that is damaged, of another query or of another database */
  decode(kind: Kind, query: ListQuery, cursor: string): Place
}

export function createCursors(secret: string): Cursors {
  function seal(kind: Kind, query: ListQuery, payload: Buffer): Buffer {
    const asked = JSON.stringify([kind, query.project ?? null, query.prefix ?? '', [...(query.states ?? [])].sort()])
    return createHmac('sha256', secret).update(asked).update('\0').update(payload).digest().subarray(0, MAC_BYTES)
  }

  return {
    encode(kind, query, place) {
      const payload = Buffer.from(JSON.stringify([place.project, place.name]))
      return Buffer.concat([seal(kind, query, payload), payload]).toString('base64url')
    },
    decode(kind, query, cursor) {
      const bytes = Buffer.from(cursor, 'base64url')
      const payload = bytes.subarray(MAC_BYTES)
      // the second check: what decodes leniently to the same bytes is another text all the same
      if (
        bytes.length <= MAC_BYTES ||
        !timingSafeEqual(bytes.subarray(0, MAC_BYTES), seal(kind, query, payload)) ||
        bytes.toString('base64url') !== cursor
      )
        throw new ServingError(
          'invalid_argument',
          'the cursor is damaged, or belongs to another query: begin again without one',
          { details: { reason: 'cursor' } },
        )
      const [project, name] = JSON.parse(payload.toString()) as [string, string]
      return { project, name }
    },
  }
}
