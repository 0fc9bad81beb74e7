import { canonicalName, isKind } from './refs.ts'
import { isUfunc } from './ufuncs.ts'
import type { PyDict, PyGlobal, PyValue } from './values.ts'

export { Attributes } from './attributes.ts'
export { describe } from './describe.ts'
export { dtypeName } from './dtype.ts'
export { dense, elementsOf, numberOf, numbersOf, plain, wrong, type Numbers, type NumbersOptions } from './numbers.ts'
export { itemAt } from './numpy-values.ts'
export { canonicalModule, canonicalName, isKind, itemsOf, qualifiedName, shapeOf, wholeOf } from './refs.ts'

/** The package that a name is of: `sklearn`. */
export function packageOf({ module }: PyGlobal): string {
  return module.split('.', 1)[0] as string
}

/**
 * Whether a value is an instance of a class of a package, whichever of its modules the class is in: they moved between
 * releases.
 */
export function isInstance(value: PyValue | undefined, ofPackage: string, ...classNames: readonly string[]): boolean {
  return isKind(value, 'object') && packageOf(value.class) === ofPackage && classNames.includes(value.class.name)
}

/**
 * The function that a value is, by its public name where it is one of numpy's or scipy's element by element
 * (`numpy.log1p`, `scipy.special.expit`), else by its module's newest spelling; undefined for what is no name.
 */
export function functionName(value: PyValue | undefined): string | undefined {
  if (!isKind(value, 'global')) return undefined
  if (isUfunc(value.name)) {
    if (/^numpy(?:\.core|\._core)?(?:\.umath|\._multiarray_umath|\.multiarray)?$/.test(value.module))
      return `numpy.${value.name}`
    if (/^scipy\.special(?:\._ufuncs|\._ufuncs_cxx)?$/.test(value.module)) return `scipy.special.${value.name}`
  }
  return canonicalName(value)
}

/** A function with some of its arguments given, as `functools.partial` keeps it. */
export interface Partial {
  readonly callee: PyValue
  readonly args: readonly PyValue[]
  readonly keywords: PyDict | undefined
}

/** What a `functools.partial` holds; undefined for anything else. */
export function partialOf(value: PyValue | undefined): Partial | undefined {
  if (!isKind(value, 'object') || canonicalName(value.class) !== 'functools.partial') return undefined
  if (!isKind(value.state, 'tuple')) return undefined
  const [callee, args, keywords] = value.state.items
  if (callee === undefined || !isKind(args, 'tuple')) return undefined
  return { callee, args: args.items, keywords: isKind(keywords, 'dict') ? keywords : undefined }
}

/**
 * Every value that can be reached from a value, each object once, without recursion: itself first.
 * @param isStopped values whose insides are not asked for
 */
export function* walk(root: PyValue, isStopped: (value: PyValue) => boolean = () => false): Generator<PyValue> {
  const seen = new Set<PyValue>()
  const open: PyValue[] = [root]
  while (open.length > 0) {
    const value = open.pop() as PyValue
    const isObject = typeof value === 'object' && value !== null
    if (isObject && seen.has(value)) continue
    if (isObject) seen.add(value)
    yield value
    if (!isObject || isStopped(value)) continue
    for (const inner of insideOf(value)) open.push(inner)
  }
}

function insideOf(value: Exclude<PyValue, null | boolean | number | bigint | string>): PyValue[] {
  if (value instanceof Uint8Array) return []
  switch (value.kind) {
    case 'tuple':
    case 'list':
    case 'set':
      return value.items.toReversed()
    case 'dict':
      return value.entries.flat().reverse()
    case 'object':
      return [
        ...value.args,
        ...(value.keywords === undefined ? [] : [value.keywords]),
        ...value.attributes.values(),
        ...(value.state === undefined ? [] : [value.state]),
        ...value.items,
        ...value.entries.flat(),
        value.class,
      ].reverse()
    case 'ndarray':
      return value.holds === 'objects'
        ? value.data.toReversed()
        : value.holds === 'records'
          ? [...value.fields.values()]
          : []
    case 'scalar':
      return [value.value]
    default:
      return []
  }
}
