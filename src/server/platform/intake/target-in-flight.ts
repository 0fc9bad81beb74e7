import type { Choice, Choices } from '../../../runtime/choices.ts'
import { createRunCost, type RunPoint } from '../../../runtime/run-cost.ts'

/** What a request costs beside its run: reading it, routing it, answering it (ms). */
const REQUEST_MS = 0.1
/** Nobody notices that an answer takes so long (ms). */
const UNNOTICED_MS = 2
/** What is tried at most: beyond, other bounds hold. */
const MOST = 100

/**
 * In-flight requests that one replica shall have: as many as it answers, all together, within twice the time of one run and
 * what nobody notices besides. With more of them, by Little's law, each waits longer than that: another replica pays.
 * @param curve what runs cost by rows; undefined where nothing was measured
 */
export function chooseTargetInFlight(
  curve: readonly RunPoint[] | undefined,
  { plan, concurrency, maxBatchRows }: Pick<Choices, 'plan' | 'concurrency' | 'maxBatchRows'>,
  rowsAreIndependent: boolean,
): Choice<number> {
  const cost = createRunCost(curve)
  const one = cost.of(1)
  const isOffLoop = plan.value === 'off-loop'
  const atOnce = isOffLoop ? concurrency.value : 1
  if (curve === undefined || one === undefined)
    return { value: 2 * atOnce, reason: 'nothing was measured: one runs and one waits on each place' }
  const alone = REQUEST_MS + one
  const within = 2 * one + UNNOTICED_MS
  // a replica's requests are read and answered in one event loop; runs are shared out over its places
  const timeOf = (requests: number) => {
    const each = Math.ceil(requests / atOnce)
    const together = rowsAreIndependent ? Math.min(each, maxBatchRows.value) : 1
    const run = Math.ceil(each / together) * (cost.of(together) ?? one)
    return requests * REQUEST_MS + run
  }
  let value = 1
  while (value < MOST && timeOf(value + 1) <= within) value++
  const how = isOffLoop ? ` by ${atOnce} ${atOnce === 1 ? 'run' : 'runs'} at once` : ''
  return {
    value,
    reason: `so many are answered within ${show(within)}, twice a run and ${UNNOTICED_MS} ms${how}: one alone takes ${show(alone)}, ${value === 1 ? 'two' : `${value} together`} ${show(timeOf(Math.max(2, value)))}`,
  }
}

function show(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
