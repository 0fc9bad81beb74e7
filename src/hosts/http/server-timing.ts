import type { Timing } from '../../runtime/plane.ts'

/**
 * Where the time of a request went, as the value of a `Server-Timing` header: durations in ms with up to three decimals.
 * `queue;dur=0.12;desc="tick", model;dur=0.03, batch;desc="8 rows", total;dur=0.4`
 * @param totalMs from the whole request to its answer
 * @see W3C Server Timing, "The Server-Timing Header Field"
 */
export function formatServerTiming({ queueMs, waitedFor, runMs, batchRows }: Timing, totalMs: number): string {
  const queue = 'queue;dur=' + formatMs(queueMs) + QUEUE_DESCRIPTION[waitedFor]
  const total = 'total;dur=' + formatMs(totalMs)
  if (batchRows === 0) return queue + total // nothing was run
  return (
    queue +
    'model;dur=' +
    formatMs(runMs) +
    ', batch;desc="' +
    batchRows +
    (batchRows === 1 ? ' row", ' : ' rows", ') +
    total
  )
}

const QUEUE_DESCRIPTION: Record<Timing['waitedFor'], string> = {
  tick: ';desc="tick", ',
  run: ';desc="run", ',
  window: ';desc="window", ',
}

/** `.001` to `.999` without the zeros at their end: printing a fraction costs ten times as much as looking it up. */
const FRACTIONS = Array.from({ length: 1000 }, (_, thousandths) =>
  thousandths === 0 ? '' : `.${String(thousandths).padStart(3, '0').replace(/0+$/, '')}`,
)

function formatMs(ms: number): string {
  const us = ms > 0 ? Math.round(ms * 1000) : 0
  const whole = Math.floor(us / 1000)
  return whole + (FRACTIONS[us - whole * 1000] ?? '')
}
