import type { PyGlobal, PyValue } from './values.ts'

type Kind<K> = Extract<Exclude<PyValue, null | Uint8Array>, { readonly kind: K }>

/** Whether a value is of a kind: an object of Python as against a number, a text, bytes or None. */
export function isKind<
  K extends 'tuple' | 'list' | 'dict' | 'set' | 'global' | 'object' | 'dtype' | 'ndarray' | 'scalar' | 'sparse',
>(value: PyValue | undefined, kind: K): value is Kind<K> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}

/** The values of a tuple or list. */
export function itemsOf(value: PyValue | undefined): readonly PyValue[] | undefined {
  return isKind(value, 'tuple') || isKind(value, 'list') ? value.items : undefined
}

/** A whole number of Python that fits; numpy's too. */
export function wholeOf(value: PyValue | undefined): number | undefined {
  const plain = isKind(value, 'scalar') ? value.value : value
  if (typeof plain !== 'bigint') return undefined
  const number = Number(plain)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Most dimensions of numpy's arrays. */
export const MAX_DIMENSIONS = 64

/** The numbers of a shape. */
export function shapeOf(value: PyValue | undefined): readonly number[] | undefined {
  const one = wholeOf(value)
  if (one !== undefined) return [one]
  const items = itemsOf(value)
  if (items === undefined || items.length > MAX_DIMENSIONS) return undefined
  const sizes = items.map(wholeOf)
  return sizes.includes(undefined) ? undefined : (sizes as number[])
}

const RENAMED_MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['exceptions', 'builtins'],
  ['numpy.ma', 'numpy.ma.core'],
])

const canonical = new Map<string, string>()

/**
 * The module as its newest spelling has it: Python 2's names, `numpy._core` for `numpy.core`, scipy's and joblib's old
 * places. Only for comparing; messages show what the file says.
 */
export function canonicalModule(module: string): string {
  const known = canonical.get(module)
  if (known !== undefined) return known
  let name = RENAMED_MODULES.get(module) ?? module
  name = name.replace(/^numpy\.core(?=\.|$)/, 'numpy._core').replace(/^sklearn\.externals\.joblib(?=\.|$)/, 'joblib')
  name = name.replace(/^scipy\.sparse\.(?=(?:csr|csc|coo|dia|lil|bsr|dok)$)/, 'scipy.sparse._')
  // names come from files: no more of them are kept than a program has
  if (canonical.size < 4096 && module.length < 256) canonical.set(module, name)
  return name
}

/** The name with its module, as the file has it: `sklearn.svm._classes.SVC`. */
export function qualifiedName({ module, name }: Pick<PyGlobal, 'module' | 'name'>): string {
  return `${module}.${name}`
}

/** The name with its module's newest spelling. */
export function canonicalName({ module, name }: Pick<PyGlobal, 'module' | 'name'>): string {
  return `${canonicalModule(module)}.${name}`
}

/** The layout of a class of scipy's sparse matrices and arrays: `csr`; undefined for other names. */
export function sparseLayoutOf({ module, name }: Pick<PyGlobal, 'module' | 'name'>): string | undefined {
  if (module !== 'scipy.sparse' && !canonicalModule(module).startsWith('scipy.sparse._')) return undefined
  return /^(csr|csc|coo|dia|lil|bsr|dok)_(?:matrix|array)$/.exec(name)?.[1]
}
