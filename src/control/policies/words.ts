/** Figures as they stand in reasons. */

/** `5.1 %`, `0.02 %`. */
export function percent(share: number): string {
  return `${short(share * 100)} %`
}

/** `1 point`, `0.5 points`: of percent. */
export function points(share: number): string {
  const value = short(share * 100)
  return `${value} ${value === '1' ? 'point' : 'points'}`
}

/** `1,890`, or with the thing counted: `1 request`, `1,890 requests`. */
export function count(value: number, thing?: string): string {
  const shown = grouped(value)
  return thing === undefined ? shown : `${shown} ${thing}${shown === '1' ? '' : 's'}`
}

/** `8.2 ms`, `12 s`, `2 min`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'no end'
  if (ms < 1000) return `${short(ms)} ms`
  return ms < 120_000 ? `${short(ms / 1000)} s` : `${short(ms / 60_000)} min`
}

/** Two digits that say something; whole numbers from 100 on. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  return Math.abs(value) >= 100 ? grouped(value) : String(Number(value.toPrecision(2)))
}

/** With commas: the language's own way of it is slow. */
function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}
