import { quote } from '../../core/text.ts'
import type { PyObject, PyValue } from './values.ts'

/** One object of a file, as people look at it: its class, what it was told, what it has learned, what is inside it. */
export interface ObjectTree {
  /** Where it stands in the object around it: `steps[1] "clf"`, `estimator`; empty for the file itself. */
  readonly role: string
  readonly class: string
  /** Hyper-parameters and other plain attributes, shortened. */
  readonly parameters: Readonly<Record<string, string>>
  /** What fitting has left: names ending in `_`, shortened. */
  readonly learned: Readonly<Record<string, string>>
  readonly inside: readonly ObjectTree[]
  /** How many objects inside it are not shown (the trees of a forest). */
  readonly more: number
}

/** Objects shown in all, and of one list; the rest is counted. */
const MOST_OBJECTS = 200
const MOST_ALIKE = 5
const MOST_DEPTH = 12
/** Containers inside one another that are looked into, of an object's attributes and of the file itself. */
const ATTRIBUTE_DEPTH = 2
const FILE_DEPTH = 9
const MOST_ATTRIBUTES = 200

/**
 * The objects of a file as a tree. An object that stands in several places is shown in the first; nothing is shown twice,
 * so a file that contains itself ends.
 */
export function objectTree(root: PyValue): readonly ObjectTree[] {
  const seen = new Set<object>()
  let shown = 0

  function show(object: PyObject, role: string, depth: number): ObjectTree {
    shown++
    const parameters: Record<string, string> = Object.create(null) as Record<string, string>
    const learned: Record<string, string> = Object.create(null) as Record<string, string>
    const inside: ObjectTree[] = []
    let more = 0
    let count = 0
    for (const [name, value] of object.attributes) {
      if (++count > MOST_ATTRIBUTES) break
      // what was given before fitting is there again, fitted, under its name with an underscore
      const isFitted = !name.endsWith('_') && object.attributes.has(`${name}_`)
      const found = objectsIn(value, name)
      if (found.length > 0 && isFitted) continue
      if (found.length === 0) {
        if (!name.startsWith('_')) (name.endsWith('_') ? learned : parameters)[name.slice(0, 80)] = shortly(value)
        continue
      }
      let alike = 0
      for (const each of found) {
        if (seen.has(each.object)) continue
        seen.add(each.object)
        if (++alike > MOST_ALIKE || shown >= MOST_OBJECTS || depth >= MOST_DEPTH) more++
        else inside.push(show(each.object, each.role, depth + 1))
      }
    }
    const { module, name } = object.class
    return { role, class: `${module}.${name}`.slice(0, 200), parameters, learned, inside, more }
  }

  return objectsIn(root, '', FILE_DEPTH)
    .filter(({ object }) => !seen.has(object) && seen.add(object))
    .slice(0, MOST_OBJECTS)
    .map(({ object, role }) => show(object, role, 0))
}

/** The objects with attributes of their own that a value is or holds in lists, tuples and dicts, each entered once. */
function objectsIn(
  value: PyValue,
  role: string,
  depth = ATTRIBUTE_DEPTH,
  entered = new Set<PyValue>(),
): { object: PyObject; role: string }[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  if (value.kind === 'object') return value.attributes.size > 0 ? [{ object: value, role }] : []
  if (depth === 0 || entered.has(value)) return []
  entered.add(value)
  const inside = (item: PyValue, itsRole: string) => objectsIn(item, itsRole, depth - 1, entered)
  if (value.kind === 'list' || value.kind === 'tuple') {
    const named = typeof value.items[0] === 'string' ? ` ${quote(value.items[0], 60)}` : ''
    return value.items
      .slice(0, 10_000)
      .flatMap((item, i) => inside(item, value.kind === 'tuple' ? `${role}${named}` : `${role}[${i}]`))
  }
  if (value.kind === 'ndarray' && value.holds === 'objects')
    return value.data.slice(0, 10_000).flatMap((item, i) => inside(item, `${role}[${i}]`))
  if (value.kind === 'dict')
    return value.entries
      .slice(0, 10_000)
      .flatMap(([key, item]) => inside(item, `${role}${role === '' ? '' : ' '}${shortly(key)}`))
  return []
}

/** A value in a few words. */
export function shortly(value: PyValue): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint' || typeof value === 'number') return String(value).slice(0, 40)
  if (typeof value === 'string') return quote(value, 60)
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  switch (value.kind) {
    case 'global':
      return `${value.module}.${value.name}`.slice(0, 100)
    case 'object':
      return `${value.class.module}.${value.class.name}`.slice(0, 100)
    case 'scalar':
      return shortly(value.value)
    case 'dtype':
      return `dtype ${value.code}${value.itemSize}`
    case 'ndarray':
      return `${value.dtype.code}${value.dtype.itemSize} [${value.shape.join(', ')}]`
    case 'sparse':
      return `sparse [${value.shape.join(', ')}]`
    case 'tuple':
    case 'list': {
      if (value.items.length > 6 || value.items.some(isNested)) return `${value.kind} of ${value.items.length}`
      const items = value.items.map((item) => shortly(item)).join(', ')
      return value.kind === 'list' ? `[${items}]` : `(${items})`
    }
    case 'dict':
      return `dict of ${value.entries.length}`
    case 'set':
      return `set of ${value.items.length}`
  }
}

function isNested(value: PyValue): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.kind !== 'scalar'
}
