import { Dict, InertObject, SetValue } from './containers.ts'
import type { ReadContext } from './context.ts'
import { arrayShell, readBuffer, readDtype, readScalar } from './numpy-values.ts'
import { FAR_REACHING } from './known-names.ts'
import { canonicalName, isKind, itemsOf } from './refs.ts'
import { damaged } from './stream.ts'
import { isUfunc } from './ufuncs.ts'
import type { PyGlobal, PyObject, PyTuple, PyValue } from './values.ts'

/** A call that a file asks for. */
interface Call {
  readonly callee: PyGlobal
  readonly args: readonly PyValue[]
  readonly context: ReadContext
  readonly offset: number
}

/** Makes the value that a call stands for; undefined where the call is not of the known form and stays inert. */
type Builder = (call: Call) => PyValue | undefined

/** Classes whose arrays are read as plain ones. */
const ARRAY_CLASSES: ReadonlySet<string> = new Set([
  'numpy.ndarray',
  'numpy.matrix',
  'numpy.matrixlib.defmatrix.matrix',
  'numpy.memmap',
  'numpy._core.memmap.memmap',
  'numpy.recarray',
  'numpy._core.records.recarray',
  'numpy.rec.recarray',
  'numpy.chararray',
  'numpy._core.defchararray.chararray',
])

export function isArrayClass(value: PyValue | undefined): boolean {
  return isKind(value, 'global') && ARRAY_CLASSES.has(canonicalName(value))
}

const BUILDERS: ReadonlyMap<string, Builder> = new Map<string, Builder>([
  ['numpy.dtype', ({ args }) => readDtype(args)],
  ['numpy._core.multiarray._reconstruct', emptyArray],
  ['numpy._core.multiarray.scalar', ({ args, context }) => readScalar(args, context)],
  ['numpy._core.numeric._frombuffer', ({ args, context }) => readBuffer(args, context)],
  ['numpy.ma.core._mareconstruct', maskedArray],
  ['numpy._core._ufunc_reconstruct', ufunc],
  ['copyreg._reconstructor', reconstructed],
  [
    'copyreg.__newobj__',
    ({ args: [of, ...rest], context, offset }) => instanceOf(of, rest, undefined, context, offset),
  ],
  ['copyreg.__newobj_ex__', newWithKeywords],
  ['_codecs.encode', encoded],
  ['collections.OrderedDict', ({ args, context }) => dictOf(args[0], context)],
  ['collections.defaultdict', ({ args, context }) => dictOf(args[1], context)],
  ['collections.Counter', ({ args, context }) => dictOf(args[0], context)],
  ['builtins.dict', ({ args, context }) => dictOf(args[0], context)],
  ['builtins.set', ({ args, context }) => setOf(args[0], false, context)],
  ['builtins.frozenset', ({ args, context }) => setOf(args[0], true, context)],
  ['builtins.list', ({ args, context }) => listOf(args[0], context)],
  ['builtins.tuple', ({ args, context }) => tupleOf(args[0], context)],
  ['builtins.bytes', ({ args, context }) => bytesOfText(args, context)],
  ['builtins.bytearray', ({ args, context }) => bytesOfText(args, context)],
  ['builtins.getattr', method],
  ['builtins.type', typeOfConstant],
])

/**
 * What calling a name would have made: a value for the few names of data, else an inert object. Nothing is called.
 * @throws {ServingError} `refused` where a known call has wrong arguments
 */
export function reduce(callee: PyValue, args: readonly PyValue[], context: ReadContext, offset: number): PyValue {
  // some builders copy their arguments
  context.budget.work(args.length >> 3)
  if (!isKind(callee, 'global')) return new InertObject(unnamed(callee, context, offset), 'call', args)
  const made = BUILDERS.get(canonicalName(callee))?.({ callee, args, context, offset })
  return made ?? new InertObject(callee, 'call', args)
}

/** An instance of a class, inert. */
export function instanceOf(
  of: PyValue | undefined,
  args: readonly PyValue[],
  keywords: PyValue | undefined,
  context: ReadContext,
  offset: number,
): InertObject {
  const named = isKind(of, 'global') ? of : unnamed(of, context, offset)
  return new InertObject(named, 'instance', args, isKind(keywords, 'dict') ? keywords : undefined)
}

/** A call of something that is no name, but was itself called or made: no honest file has it. */
function unnamed(callee: PyValue | undefined, context: ReadContext, offset: number): PyGlobal {
  if (!isKind(callee, 'object')) throw damaged('calls what cannot be called', offset)
  if (isZoneMaker(callee)) return callee.class
  return context.flag(callee.class, '()', offset)
}

function reconstructed({ args, context, offset }: Call): PyValue {
  const [of, base, state] = args
  if (!isKind(base, 'global')) throw damaged('rebuilds an object of no class', offset)
  const name = canonicalName(base)
  const object = instanceOf(of, name === 'builtins.object' ? [] : args.slice(2), undefined, context, offset)
  const items = itemsOf(state)
  if (name === 'builtins.dict' && isKind(state, 'dict')) {
    context.budget.work(state.entries.length)
    for (const [key, value] of state.entries) object.setItem(key, value)
  } else if (name === 'builtins.list' && items !== undefined) {
    context.budget.work(items.length)
    for (const item of items) object.append(item)
  }
  return object
}

function newWithKeywords({ args: [of, positional, keywords], context, offset }: Call): PyValue {
  return instanceOf(of, itemsOf(positional) ?? [], keywords, context, offset)
}

/** Bytes, as Python 3 writes them for readers that are older. */
function encoded({ callee, args: [text, encoding], context }: Call): PyValue | undefined {
  const bytes = latin1Bytes(text, encoding, context)
  if (bytes !== undefined) context.usedWell(callee)
  return bytes
}

function bytesOfText([value, encoding]: readonly PyValue[], context: ReadContext): PyValue | undefined {
  if (value === undefined) return new Uint8Array(0)
  // nothing changes bytes here, so they may be shared
  if (value instanceof Uint8Array) return value
  const items = itemsOf(value)
  if (items !== undefined) {
    context.budget.work(items.length)
    const isBytes = items.every((item) => typeof item === 'bigint' && item >= 0n && item <= 255n)
    return isBytes ? Uint8Array.from(items, Number) : undefined
  }
  return latin1Bytes(value, encoding, context)
}

function latin1Bytes(
  text: PyValue | undefined,
  encoding: PyValue | undefined,
  context: ReadContext,
): Uint8Array | undefined {
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1')) return undefined
  context.budget.allocate(text.length)
  return /[^\0-\xff]/.test(text) ? undefined : new Uint8Array(Buffer.from(text, 'latin1'))
}

function dictOf(value: PyValue | undefined, context: ReadContext): PyValue | undefined {
  const dict = new Dict()
  if (value === undefined || value === null) return dict
  if (isKind(value, 'dict')) {
    context.budget.work(value.entries.length)
    for (const [key, item] of value.entries) dict.set(key, item)
    return dict
  }
  const pairs = itemsOf(value)
  if (pairs === undefined) return undefined
  context.budget.work(pairs.length)
  for (const pair of pairs) {
    const [key, item, ...more] = itemsOf(pair) ?? []
    if (key === undefined || item === undefined || more.length > 0) return undefined
    dict.set(key, item)
  }
  return dict
}

function setOf(value: PyValue | undefined, isFrozen: boolean, context: ReadContext): PyValue | undefined {
  const set = new SetValue(isFrozen)
  const items = value === undefined ? [] : isKind(value, 'set') ? value.items : itemsOf(value)
  if (items === undefined) return undefined
  context.budget.work(items.length)
  for (const item of items) set.add(item)
  return set
}

function listOf(value: PyValue | undefined, context: ReadContext): PyValue | undefined {
  const items = value === undefined ? [] : itemsOf(value)
  if (items === undefined) return undefined
  context.budget.work(items.length)
  return { kind: 'list', items: [...items] }
}

function tupleOf(value: PyValue | undefined, context: ReadContext): PyTuple | undefined {
  const items = value === undefined ? [] : itemsOf(value)
  if (items === undefined) return undefined
  context.budget.work(items.length)
  return { kind: 'tuple', items: [...items] }
}

/** An array without its state, of a class that is read as a plain one. */
function emptyArray({ args: [of], context }: Call): PyValue | undefined {
  if (!isKind(of, 'global') || !isArrayClass(of)) return undefined
  context.usedWell(of)
  return arrayShell()
}

/** A masked array, whose state will give it `data`, `mask` and `fill_value`. */
function maskedArray({ callee, args: [of] }: Call): PyValue {
  return new InertObject(isKind(of, 'global') ? of : callee, 'call', [])
}

/** A function of numpy that works element by element, as older releases write it: a module and a name. */
function ufunc({ callee, args: [module, name], context, offset }: Call): PyValue | undefined {
  if (typeof module !== 'string' || typeof name !== 'string') return undefined
  if (!/^(?:numpy|scipy\.special)(?:\.|$)/.test(module) || !isUfunc(name)) return undefined
  context.usedWell(callee)
  return context.global(module, name, offset)
}

/** Classes of Python whose public methods do nothing but to the value that they are called on. */
const PLAIN_CLASSES: ReadonlySet<string> = new Set([
  'builtins.str',
  'builtins.unicode',
  'builtins.bytes',
  'builtins.bytearray',
  'builtins.list',
  'builtins.tuple',
  'builtins.dict',
  'builtins.set',
  'builtins.frozenset',
  'builtins.int',
  'builtins.float',
  'builtins.complex',
  'builtins.bool',
  're._compile',
])

/**
 * A method, as Python writes it: `getattr(str, 'split')`, of a compiled pattern `findall`, or of a distribution of scipy.
 * It stays a value: whoever calls it is flagged.
 */
function method({ callee, args, context }: Call): undefined {
  const [owner, name] = args
  if (args.length !== 2 || typeof name !== 'string') return
  const of = isKind(owner, 'global') ? owner : isKind(owner, 'object') ? owner.class : undefined
  if (of === undefined ? typeof owner === 'string' : PLAIN_CLASSES.has(canonicalName(of))) {
    // `str.format` looks attributes up
    if (/^(?!format)[a-z][a-z0-9_]*$/.test(name)) context.usedWell(callee)
  } else if (isKind(owner, 'object') && of?.module.startsWith('scipy.stats.') === true) {
    if (/^_?[a-z][a-z0-9_]*$/.test(name) && !FAR_REACHING.test(name)) context.usedWell(callee)
  } else if (of !== undefined && canonicalName(of) === 'zoneinfo.ZoneInfo' && name === '_unpickle')
    context.usedWell(callee)
}

/** Whether a value is what makes a time zone: `getattr(ZoneInfo, '_unpickle')`. */
function isZoneMaker({ class: of, args: [owner, name] }: PyObject): boolean {
  return (
    canonicalName(of) === 'builtins.getattr' &&
    isKind(owner, 'global') &&
    canonicalName(owner) === 'zoneinfo.ZoneInfo' &&
    name === '_unpickle'
  )
}

/** `type(None)`, which is how Python writes the class of None. */
function typeOfConstant({ callee, args: [value, ...more], context }: Call): undefined {
  const isConstant =
    value === null || (isKind(value, 'global') && /^builtins\.(?:Ellipsis|NotImplemented)$/.test(canonicalName(value)))
  if (isConstant && more.length === 0) context.usedWell(callee)
  return undefined
}
