import type { PyValue } from '../../formats/python/values.ts'
import { itemsIn, plain, type Fitted } from './fitted.ts'

/**
 * Positions of the columns that a `ColumnTransformer` gives to one of its parts.
 * @param specifier a name or position (negative ones count from the end), a list of either, a slice of either (of names,
 *   its end included), a mask, or scikit-learn's `_RemainderColsList`
 * @throws {ServingError} `refused` for columns that are not there, `unsupported` for what was never resolved
 */
export function columnsOf(
  specifier: PyValue | undefined,
  width: number,
  names: readonly string[] | undefined,
  fitted: Fitted,
): number[] {
  const value = plain(specifier)
  const at = (item: PyValue | undefined): number => {
    const simple = plain(item)
    if (typeof simple === 'string') {
      const found = names?.indexOf(simple) ?? -1
      if (found < 0) throw fitted.damaged(`it selects the column ${JSON.stringify(simple)}, which it was not fitted on`)
      return found
    }
    if (typeof simple === 'bigint' || typeof simple === 'number') {
      const index = Number(simple) < 0 ? Number(simple) + width : Number(simple)
      if (Number.isInteger(index) && index >= 0 && index < width) return index
      throw fitted.damaged(`it selects the column ${simple} of ${width}`)
    }
    throw fitted.unsupported('it selects columns by something that is no name and no number')
  }
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number') return [at(value)]
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    if (value.kind === 'object' && value.class.name === 'slice') return sliced(value.args, width, at)
    if (value.kind === 'object' && value.class.name === '_RemainderColsList') {
      const data = value.attributes.get('data')
      return (itemsIn(data) ?? value.items).map(at)
    }
    if (value.kind === 'ndarray' && value.holds === 'numbers' && value.shape.length === 1) {
      const items: PyValue[] = Array.from(value.data, (each: number | bigint) =>
        value.dtype.code === 'b' ? each === 1 : each,
      )
      return fromItems(items, width, at, fitted)
    }
  }
  const items = itemsIn(value)
  if (items !== undefined) return fromItems(items, width, at, fitted)
  throw fitted.unsupported('it selects columns by a function, and does not say which these were')
}

function fromItems(items: readonly PyValue[], width: number, at: (item: PyValue) => number, fitted: Fitted): number[] {
  if (items.length === 0 || !items.every((item) => typeof item === 'boolean')) return items.map(at)
  if (items.length !== width) throw fitted.damaged(`it selects columns by a mask of ${items.length} for ${width}`)
  return items.flatMap((item, i) => (item ? [i] : []))
}

function sliced(args: readonly PyValue[], width: number, at: (item: PyValue) => number): number[] {
  const [start, stop, by] = args.map((arg) => plain(arg) ?? null)
  const step = typeof by === 'bigint' ? Number(by) : 1
  const bound = (value: PyValue | undefined, missing: number, after: number): number => {
    if (value === null || value === undefined) return missing
    // a slice of names includes its end
    if (typeof value === 'string') return at(value) + after
    const index = Number(value)
    return Math.max(step < 0 ? -1 : 0, Math.min(width, index < 0 ? index + width : index))
  }
  const positions: number[] = []
  if (step > 0) {
    const end = bound(stop, width, 1)
    for (let i = bound(start, 0, 0); i < end; i += step) positions.push(i)
  } else if (step < 0) {
    const end = bound(stop, -1, -1)
    for (let i = Math.min(width - 1, bound(start, width - 1, 0)); i > end; i += step) positions.push(i)
  }
  return positions
}
