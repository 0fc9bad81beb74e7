import { setTimeout as sleep } from 'node:timers/promises'
import { startLoad, type Habit, type Load, type Outcome } from './load.ts'
import { faultsOf, measureLoad, type Found, type ProofOptions } from './proof.ts'
import { endServer, type Served } from './served.ts'

/** What is done to a server again and again while clients ask it. */
export interface Disturbance {
  readonly habits: readonly Habit[]
  /** Does it once, with the pause after it. */
  readonly act: (load: Load) => Promise<void>
  /** Whether it was done often enough; time alone decides when absent. */
  readonly isEnough?: () => boolean
}

/** What was seen of a server and its clients. */
export interface Disturbed {
  readonly outcomes: readonly Outcome[]
  /** When it was done first. */
  readonly disturbedMs: number
  /** What the server's log says from then on. */
  readonly log: string
}

/** Answers that come before anything is done to the server. */
const FIRST_ANSWERS = 100
/** Answers that come after the last time. */
const LAST_ANSWERS = 10

/** Loads a server, in peace first, then while it is disturbed, at least once; and ends it. */
export async function disturb(
  { seconds, seed, signal }: ProofOptions,
  served: Served,
  { habits, act, isEnough = () => true }: Disturbance,
): Promise<Disturbed> {
  const { port, grpcPort, model, key } = served
  const load = startLoad({ port, grpcPort, model, key, seed, habits })
  await load.more(FIRST_ANSWERS)
  await sleep(Math.min(3000, seconds * 200), undefined, { signal })
  const logStart = served.logEnd()
  const disturbedMs = performance.now()
  do await act(load)
  while (performance.now() - disturbedMs < seconds * 800 || !isEnough())
  await load.more(LAST_ANSWERS)
  const outcomes = await load.stop()
  const log = served.server.stderr().slice(logStart)
  await endServer(served)
  return { outcomes, disturbedMs, log }
}

/** What a proof says besides. */
export interface Told extends Pick<Found, 'times' | 'recoverySeconds' | 'remark' | 'faults'> {
  /** Requests that may fail. */
  readonly isExcused?: (outcome: Outcome) => boolean
  /** Answers that are wrong besides those that are not of their own question. */
  readonly isWrong?: (outcome: Outcome) => boolean
}

/** Counts what failed and what was wrong. */
export function judge({ outcomes, disturbedMs }: Disturbed, told: Told): Found {
  const { isExcused = () => false, isWrong = () => false, faults, ...rest } = told
  const wrong = outcomes.filter((outcome) => outcome.kind === 'wrong' || isWrong(outcome))
  const failed = outcomes.filter(
    (outcome) => outcome.kind !== 'right' && outcome.kind !== 'wrong' && !isExcused(outcome),
  )
  return {
    ...measureLoad(outcomes, disturbedMs),
    failed: failed.length,
    wrong: wrong.length,
    ...rest,
    faults: [
      ...faultsOf('requests failed', failed),
      ...faultsOf('answers were wrong', wrong),
      ...(rest.times === 0 ? ['nothing was done to the server'] : []),
      ...faults,
    ],
  }
}
