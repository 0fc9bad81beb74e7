import { createHash, hash, type KeyObject } from 'node:crypto'
import { open, seal } from '../../auth/master-key.ts'
import { ServingError } from '../../core/errors.ts'
import type { IdempotentAnswer, Reader, Writer } from '../store/store.ts'

/** How long an answer is kept for whoever asks again (ms). */
const KEPT_MS = 24 * 3_600_000

/** What an answer was. */
export interface KeptAnswer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** Answers to requests that named an `Idempotency-Key`. They may hold secrets, so that they are encrypted. */
export interface Idempotency {
  /**
   * What was answered before.
   * @throws {ServingError} `conflict` (details.reason `idempotency`) when that was another request
   */
  find(tx: Reader): Promise<KeptAnswer | undefined>
  keep(tx: Writer, answer: KeptAnswer): Promise<void>
}

/**
 * @param header of the request @param asked who asks, and all that makes the request what it is
 * @returns undefined without the header
 * @throws {ServingError} `invalid_argument` for a key that is none
 */
export function createIdempotency(
  header: string | readonly string[] | undefined,
  asked: {
    readonly uid: string
    readonly method: string
    readonly url: string
    readonly body: Uint8Array
    readonly conditions: unknown
  },
  { masterKey, wallMs }: { readonly masterKey: KeyObject; readonly wallMs: () => number },
): Idempotency | undefined {
  if (header === undefined) return undefined
  const text = String(header)
  if (!/^[\x21-\x7e]{1,200}$/.test(text))
    throw new ServingError('invalid_argument', 'an idempotency-key is 1 to 200 visible ASCII characters')
  const key = hash('sha256', JSON.stringify([asked.uid, text]), 'hex')
  const digest = createHash('sha256').update(JSON.stringify([asked.method, asked.url, asked.conditions]))
  const request = digest.update('\n').update(asked.body).digest('hex')

  return {
    async find(tx) {
      const kept = await tx.idempotent(key)
      if (kept === undefined || kept.expiresAtMs <= wallMs()) return undefined
      if (kept.request !== request)
        throw new ServingError(
          'conflict',
          'this idempotency-key came before with another request: take a new one for each',
          { details: { reason: 'idempotency' } },
        )
      return { status: kept.status, headers: kept.headers, body: open(kept.body, masterKey, key) }
    },
    async keep(tx, { status, body, headers }) {
      const answer: IdempotentAnswer = {
        request,
        status,
        headers,
        body: seal(body, masterKey, key),
        expiresAtMs: wallMs() + KEPT_MS,
      }
      await tx.putIdempotent(key, answer)
    },
  }
}
