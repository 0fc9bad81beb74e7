import { quote } from '../../core/text.ts'
import { isKind, qualifiedName } from '../python/refs.ts'
import type { PyObject, PyValue } from '../python/values.ts'
import { checkByteOrder, storageOf, type TorchArchive } from './archive.ts'
import type { ScriptObject, ScriptProgram, ScriptValue, TracedInput } from './program.ts'
import { damaged, unsupported } from './refusals.ts'
import { parseScript } from './script-parser.ts'
import type { ScriptClass, ScriptFunction } from './script-tree.ts'
import { readTorchPickle, tensorCall, tensorFacts, tensorFrom, type ReadStorage } from './torch-pickle.ts'

/** Modules inside modules. */
const MAX_DEPTH = 100
/** Most code of one file together (bytes). */
const MAX_CODE = 32 * 2 ** 20

/**
 * Reads a file of `torch.jit.save`: its code as trees, its modules and tensors as data.
 * @throws {ServingError} `refused` for damage, `unsupported` for what is not read
 */
export function readScript(archive: TorchArchive): ScriptProgram {
  checkByteOrder(archive)
  const classes = new Map<string, ScriptClass>()
  const functions = new Map<string, ScriptFunction>()
  let size = 0
  for (const name of archive.names) {
    if (!name.startsWith('code/') || !name.endsWith('.py')) continue
    size += archive.sizeOf(name)
    if (size > MAX_CODE) throw unsupported('the file has over 32 MiB of code')
    const module = name.slice('code/'.length, -'.py'.length).replaceAll('/', '.')
    const file = parseScript(decoded(archive.read(name), name), name)
    for (const each of file.classes) classes.set(`${module}.${each.name}`, each)
    for (const each of file.functions) functions.set(`${module}.${each.name}`, each)
  }
  const root = new Reader(storageOf(archive, archive.names.has('data/0') ? 'data/' : 'tensors/')).value(
    readTorchPickle(archive.read('data.pkl'), 'data.pkl'),
  )
  if (!isObject(root)) throw damaged('data.pkl holds no module')
  return {
    kind: 'script',
    root,
    classes,
    functions,
    constants: readConstants(archive),
    tracedInputs: readTraced(archive),
  }
}

function decoded(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw damaged(`${quote(name)} is no UTF-8`)
  }
}

function isObject(value: ScriptValue): value is ScriptObject {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'object'
}

function readConstants(archive: TorchArchive): readonly ScriptValue[] {
  const value = new Reader(storageOf(archive, 'constants/')).value(
    readTorchPickle(archive.read('constants.pkl'), 'constants.pkl'),
  )
  if (typeof value !== 'object' || value === null || value.kind !== 'tuple')
    throw damaged('constants.pkl holds no tuple')
  return value.items
}

/** The inputs of `forward` when it was traced: their datatypes and shapes, for their numbers are not kept. */
function readTraced(archive: TorchArchive): readonly (TracedInput | undefined)[] | undefined {
  if (!archive.has('traced_inputs.pkl')) return undefined
  const methods = untagged(readTorchPickle(archive.read('traced_inputs.pkl'), 'traced_inputs.pkl'))
  const inputs = isKind(methods, 'dict') ? untagged(methods.byName.get('forward')) : undefined
  if (!isKind(inputs, 'list') && !isKind(inputs, 'tuple')) return undefined
  return inputs.items.map((input) => {
    const call = tensorCall(input)
    return call === undefined ? undefined : tensorFacts(call)
  })
}

/** A list or dict without the type that TorchScript writes to it. */
function untagged(value: PyValue | undefined): PyValue | undefined {
  const isTagged = isKind(value, 'object') && qualifiedName(value.class) === 'torch.jit._pickle.restore_type_tag'
  return isTagged ? value.args[0] : value
}

/** Turns what the pickle holds into values of modules; what is shared stays shared. */
class Reader {
  readonly #storage: ReadStorage
  readonly #known = new Map<object, ScriptValue>()
  readonly #open = new Set<object>()

  constructor(storage: ReadStorage) {
    this.#storage = storage
  }

  value(value: PyValue | undefined, depth = 0): ScriptValue {
    if (value === null || value === undefined) return null
    if (typeof value !== 'object') return value
    const known = this.#known.get(value)
    if (known !== undefined) return known
    if (this.#open.has(value)) throw unsupported('the model holds itself')
    if (depth > MAX_DEPTH) throw unsupported(`the model has modules inside modules, over ${MAX_DEPTH} deep`)
    this.#open.add(value)
    const made = this.#made(value, depth + 1)
    this.#open.delete(value)
    this.#known.set(value, made)
    return made
  }

  #made(value: Exclude<PyValue, string | number | bigint | boolean | null>, depth: number): ScriptValue {
    if (value instanceof Uint8Array) return { kind: 'opaque', what: 'bytes' }
    const items = (all: readonly PyValue[]) => all.map((item) => this.value(item, depth))
    switch (value.kind) {
      case 'list':
      case 'tuple':
        return { kind: value.kind, items: items(value.items) }
      case 'dict': {
        const entries = new Map<string | number, ScriptValue>()
        for (const [key, inner] of value.entries)
          if (typeof key === 'string') entries.set(key, this.value(inner, depth))
          else if (typeof key === 'bigint') entries.set(Number(key), this.value(inner, depth))
        return { kind: 'dict', entries }
      }
      case 'object':
        return this.#object(value, depth)
      default:
        return { kind: 'opaque', what: value.kind }
    }
  }

  #object(value: PyObject, depth: number): ScriptValue {
    const call = tensorCall(value)
    if (call !== undefined) return { kind: 'tensor', tensor: tensorFrom(call, this.#storage) }
    const name = qualifiedName(value.class)
    // a list or dict that carries its type, and lists of one kind
    if (/^torch\.jit\._pickle\.(restore_type_tag|build_\w+list)$/.test(name)) return this.value(value.args[0], depth)
    if (name.startsWith('__torch__')) {
      const attributes = new Map<string, ScriptValue>()
      for (const [key, inner] of value.attributes) attributes.set(key, this.value(inner, depth))
      return { kind: 'object', className: name, attributes }
    }
    return { kind: 'opaque', what: name }
  }
}
