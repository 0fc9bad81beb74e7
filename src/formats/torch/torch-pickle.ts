import { quote } from '../../core/text.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import { qualifiedName } from '../python/refs.ts'
import { readPickle, refuseDangers } from '../python/read-pickle.ts'
import type { PyObject, PyValue } from '../python/values.ts'
import { damaged, unsupported } from './refusals.ts'
import { tensorOf } from './tensor-storage.ts'

const DATATYPES: ReadonlyMap<string, NumericDatatype> = new Map([
  ['Float', 'FP32'],
  ['Double', 'FP64'],
  ['Half', 'FP16'],
  ['BFloat16', 'BF16'],
  ['Long', 'INT64'],
  ['Int', 'INT32'],
  ['Short', 'INT16'],
  ['Char', 'INT8'],
  ['Byte', 'UINT8'],
  ['Bool', 'BOOL'],
])

/** `torch.dtype`s that newer files name beside an untyped storage. */
const DTYPES: ReadonlyMap<string, NumericDatatype> = new Map([
  ['torch.float32', 'FP32'],
  ['torch.float64', 'FP64'],
  ['torch.float16', 'FP16'],
  ['torch.bfloat16', 'BF16'],
  ['torch.int64', 'INT64'],
  ['torch.int32', 'INT32'],
  ['torch.int16', 'INT16'],
  ['torch.int8', 'INT8'],
  ['torch.uint8', 'UINT8'],
  ['torch.uint16', 'UINT16'],
  ['torch.uint32', 'UINT32'],
  ['torch.uint64', 'UINT64'],
  ['torch.bool', 'BOOL'],
])

/** Gives the bytes of a storage by its key. */
export type ReadStorage = (key: string) => Uint8Array

/**
 * Reads a pickle of `torch.save` or TorchScript: storages stay ids, tensors calls of `_rebuild_tensor_v2`.
 * @throws {ServingError} as the reader of pickles does, and `refused` for a name that runs code
 */
export function readTorchPickle(bytes: Uint8Array, name: string): PyValue {
  const document = readPickle(bytes, { persistent: (id) => id })
  refuseDangers(document, name)
  return document.root
}

const REBUILDS = new Set([
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v3',
])
const PARAMETERS = new Set([
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch.nn.parameter.Parameter',
  'torch.nn.parameter.Buffer',
])

/** The call that makes a tensor, behind whatever makes a parameter of it; undefined when it makes none. */
export function tensorCall(value: PyValue | undefined): PyObject | undefined {
  let at = value
  for (let depth = 0; depth < 8; depth++) {
    if (typeof at !== 'object' || at === null || !('kind' in at) || at.kind !== 'object') return undefined
    const name = qualifiedName(at.class)
    if (REBUILDS.has(name)) return at
    if (name === 'torch._tensor._rebuild_from_type_v2') {
      // a function, a type, its arguments, and a state
      const [callee, , inner] = at.args
      if (!isObjectOf(callee, 'global') || !isObjectOf(inner, 'tuple')) return undefined
      if (REBUILDS.has(qualifiedName(callee))) return { ...at, class: callee, args: inner.items }
      return undefined
    }
    if (!PARAMETERS.has(name)) return undefined
    at = at.args[0]
  }
  return undefined
}

function isObjectOf<Kind extends 'global' | 'tuple' | 'object'>(
  value: PyValue | undefined,
  kind: Kind,
): value is Extract<PyValue, { kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}

export interface TensorFacts {
  readonly storageKey: string
  readonly datatype: NumericDatatype
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  readonly offset: number
}

/** What a call says of its tensor, its bytes not read. @throws {ServingError} `refused`, `unsupported` */
export function tensorFacts({ args, class: callee }: PyObject): TensorFacts {
  const [storage, offset, shape, strides] = args
  if (!isObjectOf(storage, 'tuple')) throw damaged('a tensor has no storage')
  const [word, type, key] = storage.items
  if (word !== 'storage' || typeof key !== 'string') throw damaged('a tensor has no storage')
  let datatype: NumericDatatype | undefined
  if (isObjectOf(type, 'global')) {
    const dtype = qualifiedName(callee).endsWith('_v3') ? args[6] : undefined
    if (isObjectOf(dtype, 'global')) datatype = DTYPES.get(qualifiedName(dtype))
    else datatype = DATATYPES.get(type.name.replace(/Storage$/, ''))
    if (datatype === undefined)
      throw unsupported(
        `a tensor in a ${quote(qualifiedName(isObjectOf(dtype, 'global') ? dtype : type))}, which is not read`,
      )
  } else throw damaged("a tensor's storage has no type")
  return { storageKey: key, datatype, offset: intOf(offset), shape: intsOf(shape), strides: intsOf(strides) }
}

/** The tensor that a call makes. */
export function tensorFrom(call: PyObject, read: ReadStorage): NumericTensor {
  const { storageKey, datatype, ...layout } = tensorFacts(call)
  return tensorOf(read(storageKey), datatype, layout)
}

function intOf(value: PyValue | undefined): number {
  if (typeof value !== 'bigint' || value < 0n || value > 2n ** 52n)
    throw damaged('a tensor has sizes that are no sizes')
  return Number(value)
}

function intsOf(value: PyValue | undefined): number[] {
  const items = isObjectOf(value, 'tuple')
    ? value.items
    : isObjectOf(value, 'object') && isObjectOf(value.args[0], 'tuple')
      ? value.args[0].items
      : undefined
  if (items === undefined) throw damaged('a tensor has sizes that are no sizes')
  return items.map(intOf)
}
