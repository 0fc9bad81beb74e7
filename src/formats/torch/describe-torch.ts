import { quote } from '../../core/text.ts'
import { qualifiedName } from '../python/refs.ts'
import type { PyValue } from '../python/values.ts'
import { kindOf, openArchive } from './archive.ts'
import { splitLegacy } from './legacy.ts'
import { damaged } from './refusals.ts'
import { readTorchPickle, tensorCall, tensorFacts } from './torch-pickle.ts'

/** A tensor of a file, as its name and shape tell. */
export interface SavedTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
}

/** What a file of `torch.save` holds. */
export interface SavedContents {
  readonly kind: 'state-dict' | 'checkpoint' | 'module' | 'tensors' | 'other'
  readonly tensors: readonly SavedTensor[]
  /** What kind of network it looks like, in words; undefined where nothing tells. */
  readonly architecture: string | undefined
  /** One line for people. */
  readonly summary: string
  /** Of a whole module: the classes that its code would need. */
  readonly classes: readonly string[]
}

const MAX_TENSORS = 100_000
const MAX_DEPTH = 64

/**
 * Says what a file of `torch.save` holds, without loading anything: a state dict, a checkpoint around one, a whole module.
 * @throws {ServingError} `refused` for damage and for what runs code
 */
export function describeTorch(bytes: Uint8Array, fileName: string): SavedContents {
  return describe(readRoot(bytes, fileName))
}

function readRoot(bytes: Uint8Array, fileName: string): PyValue {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return readTorchPickle(splitLegacy(bytes), fileName)
  const archive = openArchive(bytes)
  if (kindOf(archive) !== 'pickle') throw damaged('it is no file of torch.save')
  return readTorchPickle(archive.read('data.pkl'), fileName)
}

function describe(root: PyValue): SavedContents {
  const classes = new Set<string>()
  const tensors = collect(root, classes)
  const kind = kindOfRoot(root, tensors.length, classes)
  const architecture = guessArchitecture(tensors)
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0)
  const shown = tensors.slice(0, 3).map(({ name, shape }) => `${quote(name, 60)} [${shape.join(',')}]`)
  const count = `${tensors.length} tensors (${parameters} numbers): ${shown.join(', ')}${tensors.length > 3 ? ', …' : ''}`
  const words = {
    'state-dict': `the weights of a model, ${count}`,
    checkpoint: `a checkpoint of training with the weights of a model, ${count}`,
    module: `a whole module of the class ${quote([...classes][0] ?? 'unknown')}, ${count}`,
    tensors: count,
    other: 'no tensors',
  }
  const summary = architecture === undefined ? words[kind] : `${words[kind]}; it looks like ${architecture}`
  return { kind, tensors, architecture, summary, classes: [...classes] }
}

/** Every tensor below, under the names that lead to it. Iterative, and each object once. */
function collect(root: PyValue, classes: Set<string>): SavedTensor[] {
  const found: SavedTensor[] = []
  const seen = new Set<object>()
  const open: { value: PyValue; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }]
  for (let at = open.pop(); at !== undefined && found.length < MAX_TENSORS; at = open.pop()) {
    const { value, path, depth } = at
    if (
      typeof value !== 'object' ||
      value === null ||
      value instanceof Uint8Array ||
      seen.has(value) ||
      depth > MAX_DEPTH
    )
      continue
    seen.add(value)
    const push = (name: string, inner: PyValue) =>
      open.push({ value: inner, path: path === '' ? name : `${path}.${name}`, depth: depth + 1 })
    const call = tensorCall(value)
    if (call !== undefined) {
      const { datatype, shape } = tensorFacts(call)
      found.push({ name: path, datatype, shape })
    } else if (value.kind === 'dict') {
      for (const [key, inner] of value.entries.toReversed())
        push(typeof key === 'string' ? key : typeof key === 'bigint' ? String(key) : '?', inner)
    } else if (value.kind === 'list' || value.kind === 'tuple') {
      for (const [i, inner] of [...value.items.entries()].reverse()) push(String(i), inner)
    } else if (value.kind === 'object') {
      if (!qualifiedName(value.class).startsWith('torch._')) classes.add(qualifiedName(value.class))
      // a module keeps its parts under these names, which say nothing
      for (const [name, inner] of [...value.attributes].reverse())
        if (['_parameters', '_buffers', '_modules'].includes(name)) open.push({ value: inner, path, depth: depth + 1 })
        else if (!name.startsWith('_')) push(name, inner)
    }
  }
  return found
}

function kindOfRoot(root: PyValue, tensors: number, classes: ReadonlySet<string>): SavedContents['kind'] {
  if (typeof root === 'object' && root !== null && 'kind' in root) {
    if (root.kind === 'object' && tensorCall(root) === undefined && classes.size > 0) return 'module'
    if (root.kind === 'dict' && tensors > 0) {
      const direct = root.entries.filter(([, value]) => tensorCall(value) !== undefined).length
      return direct === root.entries.length ? 'state-dict' : 'checkpoint'
    }
  }
  return tensors > 0 ? 'tensors' : 'other'
}

/** What names and shapes of weights tell of a network. */
function guessArchitecture(tensors: readonly SavedTensor[]): string | undefined {
  const names = tensors.map(({ name }) => name)
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name))
  const matrices = tensors.filter(({ name, shape }) => name.endsWith('weight') && shape.length >= 2)
  if (matrices.length === 0) return undefined
  if (has(/(^|\.)layer[1-4]\.\d+\.conv\d\.weight$/)) return 'a ResNet'
  if (has(/(cls_token|patch_embed)/)) return 'a vision transformer'
  if (has(/(self_attn|attention|in_proj_weight|attn)/)) return 'a transformer'
  if (has(/weight_(ih|hh)_l\d/)) return 'a recurrent network (LSTM, GRU or RNN)'
  const convolutions = matrices.filter(({ shape }) => shape.length >= 3).length
  if (convolutions > 0) return `a convolutional network of ${convolutions} convolutions`
  return `layers of ${matrices
    .map(({ shape }) => `${shape[1]} → ${shape[0]}`)
    .slice(0, 6)
    .join(', ')}`
}
