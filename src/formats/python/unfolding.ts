import { ServingError } from '../../core/errors.ts'
import type { PyValue } from './values.ts'

/** Objects that any file may unfold to, and how often each reference to one may count. */
const FREE_OBJECTS = 20_000
const MOST_PER_REFERENCE = 4

/** In place of a count: what is in it is being counted. */
const ENTERED = -1

/**
 * Refuses a value in which objects stand in one another so that walking every way to them never ends: thirty unions of the
 * union before, twice, are a billion scalers in a kilobyte, and would be as many for whoever computed with them. An object
 * that contains itself is counted once: that is for its reader to refuse.
 * @throws {ServingError} `too_large`
 */
export function refuseUnfolding(root: PyValue): void {
  const counts = new Map<object, number>()
  const open: Container[] = []
  let references = 0
  const enter = (value: PyValue): void => {
    if (!isContainer(value)) return
    if (value.kind === 'object') references++
    if (!counts.has(value)) open.push(value)
  }
  enter(root)
  // each is met twice: before what is in it is counted, and after
  for (let value = open.at(-1); value !== undefined; value = open.at(-1)) {
    const known = counts.get(value)
    if (known === undefined) {
      counts.set(value, ENTERED)
      eachInside(value, enter)
      continue
    }
    open.pop()
    if (known !== ENTERED) continue
    let count = value.kind === 'object' ? 1 : 0
    eachInside(value, (inside) => (count += isContainer(inside) ? Math.max(counts.get(inside) ?? 0, 0) : 0))
    counts.set(value, count)
  }
  const most = FREE_OBJECTS + MOST_PER_REFERENCE * references
  const unfolded = isContainer(root) ? (counts.get(root) ?? 0) : 0
  if (unfolded > most)
    throw new ServingError(
      'too_large',
      `the file holds objects that stand in one another again and again: on every way to them they are ${unfolded < 1e15 ? unfolded : 'over 10^15'}, the most is ${most} for a file of its size; save the fitted model alone, and each of its parts once`,
      { details: { reason: 'unfolding', most } },
    )
}

type Container = Extract<PyValue, { readonly kind: 'tuple' | 'list' | 'dict' | 'set' | 'object' | 'ndarray' }>

function isContainer(value: PyValue | undefined): value is Container {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  switch (value.kind) {
    case 'tuple':
    case 'list':
    case 'dict':
    case 'set':
    case 'object':
      return true
    case 'ndarray':
      return value.holds === 'objects'
    default:
      return false
  }
}

function eachInside(value: Container, visit: (inside: PyValue) => void): void {
  switch (value.kind) {
    case 'tuple':
    case 'list':
    case 'set':
      for (const item of value.items) visit(item)
      return
    case 'dict':
      eachEntry(value.entries, visit)
      return
    case 'ndarray':
      if (value.holds === 'objects') for (const item of value.data) visit(item)
      return
    case 'object':
      for (const item of value.args) visit(item)
      for (const item of value.attributes.values()) visit(item)
      for (const item of value.items) visit(item)
      eachEntry(value.entries, visit)
      if (value.keywords !== undefined) visit(value.keywords)
      if (value.state !== undefined) visit(value.state)
  }
}

function eachEntry(entries: readonly (readonly [PyValue, PyValue])[], visit: (inside: PyValue) => void): void {
  for (const [key, value] of entries) {
    visit(key)
    visit(value)
  }
}
