import { quote } from '../../core/text.ts'
import { dtypeName } from './dtype.ts'
import { qualifiedName } from './refs.ts'
import type { PyValue } from './values.ts'

/** A value in a few words for a message: "an int", "sklearn.svm._classes.SVC", "an array of float64 [3,4]". */
export function describe(value: PyValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return value > -1_000_000n && value < 1_000_000n ? `the int ${value}` : 'an int'
  if (typeof value === 'number') return `the float ${value}`
  if (typeof value === 'string') return `the text ${quote(value, 40)}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  switch (value.kind) {
    case 'tuple':
    case 'list':
      return `a ${value.kind} of ${value.items.length}`
    case 'set':
      return `a set of ${value.items.length}`
    case 'dict':
      return `a dict of ${value.entries.length}`
    case 'global':
      return shortName(qualifiedName(value))
    case 'object':
      return `${shortName(qualifiedName(value.class))}${value.made === 'call' ? '(…)' : ''}`
    case 'dtype':
      return `the type ${dtypeName(value)}`
    case 'ndarray':
      return `an array of ${dtypeName(value.dtype)} [${value.shape.slice(0, 8).join(',')}]`
    case 'scalar':
      return `a numpy ${dtypeName(value.dtype)}`
    case 'sparse':
      return `a sparse matrix [${value.shape.join(',')}]`
  }
}

/** A name from a file: plain where it is one, else quoted. */
function shortName(name: string): string {
  return /^[\w.]{1,120}$/.test(name) ? name : quote(name, 120)
}
