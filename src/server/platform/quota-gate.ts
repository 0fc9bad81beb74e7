import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DayTold, UsedToday } from '../../api/runner-status.ts'
import type { Principal } from '../../auth/authorizer.ts'
import { createQuotas, type Quotas } from '../../auth/quotas.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { withinQuotas } from '../../runtime/within-quotas.ts'
import { log } from '../log.ts'
import { writeAtomically } from '../../storage/local.ts'

/** Holds callers to the quotas of their keys, in one runner. */
export interface QuotaGate {
  /** The plane as a caller with quotas sees it; the plane itself for all others. */
  guard(plane: DataPlane, principal: Principal): DataPlane
  /** How much of each key's quotas is this runner's. */
  setShares(shares: Readonly<Record<string, number>>, days?: Readonly<Record<string, DayTold>>): void
  /** Forgets keys that are gone. */
  retain(uids: ReadonlySet<string>): void
  /** Requests by key since it was asked last. */
  demand(): Readonly<Record<string, number>>
  /** What was counted here today. */
  usedToday(): UsedToday
  /** Keeps what was used today, for the next start. */
  close(): Promise<void>
}

/** How often what was used today is kept (ms): a runner that is killed gives so much more at most. */
const KEEP_EVERY_MS = 5000

/**
 * @param file where the counts of the day are kept
 * @param count runners that share the quotas, until it is known which of them gets the requests
 */
export async function openQuotaGate(
  file: string,
  count: number,
  clocks: Parameters<typeof createQuotas>[0],
): Promise<QuotaGate> {
  const quotas = createQuotas(clocks)
  quotas.setShare(1 / count)
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) restore(quotas, kept)
  let last = ''
  async function keep(): Promise<void> {
    const text = JSON.stringify(quotas.snapshot())
    if (text === last) return
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeAtomically(file, Buffer.from(text), 0o600)
    last = text
  }
  // a full disk costs the memory of today's counts, no request
  const timer = setInterval(() => void keep().catch(() => {}), KEEP_EVERY_MS).unref()

  return {
    guard: (plane, principal) => withinQuotas(plane, principal, quotas),
    setShares(shares, days = {}) {
      for (const [uid, fraction] of Object.entries(shares)) quotas.setShare(fraction, uid)
      for (const [uid, told] of Object.entries(days)) quotas.setDay(uid, told)
    },
    retain: (uids) => quotas.retain(uids),
    demand: () => Object.fromEntries(quotas.takeDemand()),
    usedToday: () => quotas.snapshot(),
    async close() {
      clearInterval(timer)
      await keep().catch(() => {})
    },
  }
}

function restore(quotas: Quotas, text: string): void {
  try {
    quotas.restore(JSON.parse(text) as Parameters<Quotas['restore']>[0])
  } catch (error) {
    log('error', 'what keys have used today cannot be read, it is counted anew', { error })
  }
}
