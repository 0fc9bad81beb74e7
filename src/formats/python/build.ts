import { become, InertObject } from './containers.ts'
import type { ReadContext } from './context.ts'
import { parseDtype } from './dtype.ts'
import { arrayOfState, isFileDtype, setArrayState, setDtypeState } from './numpy-values.ts'
import { canonicalName, isKind, sparseLayoutOf } from './refs.ts'
import { readSparse } from './sparse.ts'
import { damaged } from './stream.ts'
import type { PyDict, PyValue } from './values.ts'

/** Attributes that would change what an object does, not what it holds. */
const ACTIVE =
  /^__(?:setstate|getstate|reduce|reduce_ex|class|call|new|init|del|getattr|getattribute|get|set|enter|exit|import|builtins|globals|code|dict|bases|mro|subclasses|wrapped)(?:_ex)?__$/

/**
 * Gives a value its state, as the `BUILD` opcode does. Types and arrays of numpy, masked arrays and sparse matrices
 * become what they are; objects get attributes; nothing is called.
 */
export function build(target: PyValue, state: PyValue, context: ReadContext, offset: number): void {
  if (isFileDtype(target)) setDtypeState(target, state, context)
  else if (isKind(target, 'ndarray')) setArrayState(target, state, context)
  else if (target instanceof InertObject) setState(target, state, context, offset)
  else if (isKind(target, 'global')) context.flag(target, '.__dict__', offset)
  else if (isKind(target, 'dict') || isKind(target, 'list') || isKind(target, 'set')) {
    // attributes of a container: nobody reads them
    for (const dict of dictsOf(state) ?? []) {
      context.budget.work(dict.byName.size)
      flagActive(target.kind, dict, context, offset)
    }
  } else throw damaged('gives a state to what has none', offset)
}

function flagActive(owner: string, dict: PyDict, context: ReadContext, offset: number): void {
  for (const name of dict.byName.keys())
    if (ACTIVE.test(name))
      context.flag(
        { kind: 'global', module: 'builtins', name: owner, offset, verdict: 'dangerous' },
        `.${name}`,
        offset,
      )
}

function setState(object: InertObject, state: PyValue, context: ReadContext, offset: number): void {
  if (canonicalName(object.class).startsWith('numpy.ma.') && isKind(state, 'tuple') && state.items.length === 7) {
    setMaskedState(object, state.items, context)
    return
  }
  const dicts = dictsOf(state)
  if (dicts === undefined) object.state = state
  for (const { byName } of dicts ?? []) {
    context.budget.work(byName.size)
    for (const [name, value] of byName) {
      object.setAttribute(name, value)
      if (ACTIVE.test(name)) context.flag(object.class, `.${name}`, offset)
    }
  }
  const layout = sparseLayoutOf(object.class)
  const matrix = layout === undefined ? undefined : readSparse(layout, object, context.budget)
  if (matrix !== undefined) become(object, matrix)
}

/** The attributes of a state: a dict of names, or a pair of `__dict__` and slots. */
function dictsOf(state: PyValue): PyDict[] | undefined {
  const parts = isKind(state, 'tuple') && state.items.length === 2 ? state.items : [state]
  const dicts = parts.filter((part) => isKind(part, 'dict'))
  const isPlain = parts.every((part) => part === null || isKind(part, 'dict')) && dicts.length > 0
  return isPlain && dicts.every((dict) => dict.byName.size === dict.entries.length) ? dicts : undefined
}

/** Version, shape, type, order, data, mask, fill value. @see numpy, `MaskedArray.__getstate__` */
function setMaskedState(object: InertObject, items: readonly PyValue[], context: ReadContext): void {
  const [, shape = null, dtype = null, isFortran = null, data = null, mask = null, fill = null] = items
  object.setAttribute('data', arrayOfState([shape, dtype, isFortran, data], context))
  const maskType = maskTypeOf(dtype)
  if (maskType !== undefined) object.setAttribute('mask', arrayOfState([shape, maskType, isFortran, mask], context))
  object.setAttribute('fill_value', fill)
}

const MASK = parseDtype('b1')

/** Masks are bools; those of records are records of bools, which nothing needs. */
function maskTypeOf(dtype: PyValue): PyValue | undefined {
  return isFileDtype(dtype) && dtype.fields === undefined ? MASK : undefined
}
