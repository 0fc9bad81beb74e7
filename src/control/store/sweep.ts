import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** Rows that one transaction of a sweep takes out at most, so that others are not kept waiting. */
export const SWEEP_ROWS = 2000

/** Takes out at most `SWEEP_ROWS` rows, and says how many. */
export type Sweep = (db: Kysely<Schema>) => Promise<number>

/** @param before ms since 1970: what is as old as that goes */
export function sweepEvents(before: number): Sweep {
  return (db) =>
    countOf(
      db
        .deleteFrom('events')
        .where('seq', 'in', db.selectFrom('events').select('seq').where('at', '<=', before).limit(SWEEP_ROWS)),
    )
}

export function sweepAudit(before: number): Sweep {
  return (db) =>
    countOf(
      db
        .deleteFrom('audit')
        .where('seq', 'in', db.selectFrom('audit').select('seq').where('at', '<=', before).limit(SWEEP_ROWS)),
    )
}

/** @param now ms since 1970 */
export function sweepIdempotent(now: number): Sweep {
  return (db) =>
    countOf(
      db
        .deleteFrom('idempotent')
        .where('key', 'in', db.selectFrom('idempotent').select('key').where('expires_at', '<=', now).limit(SWEEP_ROWS)),
    )
}

export function sweepTransactions(before: number): Sweep {
  return (db) =>
    countOf(
      db
        .deleteFrom('transactions')
        .where('id', 'in', db.selectFrom('transactions').select('id').where('at', '<=', before).limit(SWEEP_ROWS)),
    )
}

export function sweepTombstones(before: number): Sweep {
  return (db) =>
    countOf(
      db
        .deleteFrom('tombstones')
        .where((eb) =>
          eb(
            eb.refTuple('kind', 'project', 'name'),
            'in',
            eb
              .selectFrom('tombstones')
              .select(['kind', 'project', 'name'])
              .where('removed_at', '<=', before)
              .limit(SWEEP_ROWS)
              .$asTuple('kind', 'project', 'name'),
          ),
        ),
    )
}

async function countOf(query: { execute(): Promise<readonly { readonly numDeletedRows: bigint }[]> }): Promise<number> {
  const [result] = await query.execute()
  return Number(result?.numDeletedRows ?? 0n)
}
