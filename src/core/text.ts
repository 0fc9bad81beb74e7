/**
 * A piece of somebody's text, made fit to stand in an error message: JSON-quoted, control characters escaped, keys
 * taken out, at most `most` characters of it.
 */
export function quote(text: string, most = 80): string {
  const safe = hideKeys(text)
  const shown = safe.length > most ? `${safe.slice(0, most)}…` : safe
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escapeUnit)
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** What every key begins with, so that people and secret scanners know one when they see it. */
export const KEY_PREFIX = 'slw_'

/** A text without the keys in it, whole or cut: somebody put them where they do not belong. */
export function hideKeys(text: string): string {
  return text.includes(KEY_PREFIX) ? text.replaceAll(/slw_[\w-]+/g, `${KEY_PREFIX}…`) : text
}

/** A list of names for an error message: quoted, joined by commas, cut after `most` with a count of the rest. */
export function quoteList(names: Iterable<string>, most = 8): string {
  const all = [...names]
  const shown = all.slice(0, most).map((name) => quote(name))
  if (all.length > most) shown.push(`and ${all.length - most} more`)
  return shown.length === 0 ? 'none' : shown.join(', ')
}

/** A size for people, in binary units: `12.3 MiB`. */
export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = sizeBytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
