import { quote } from '../../core/text.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { PyValue } from '../python/values.ts'
import { checkByteOrder, readSaved, type TorchArchive } from './archive.ts'
import { JsonView } from './json-view.ts'
import type { ExportedInput, ExportedOutput, ExportedProgram } from './program.ts'
import { exportedDatatype, readArgument, readGraph } from './read-graph.ts'
import { damaged, unsupported } from './refusals.ts'
import { tensorOf } from './tensor-storage.ts'
import { tensorCall, tensorFrom, type ReadStorage } from './torch-pickle.ts'

/** Versions of the format that are read: what its first number counts may not be read by others. */
const SCHEMA_MAJORS: readonly number[] = [5, 6, 7, 8]

type Weights = (name: string) => NumericTensor | undefined

/**
 * Reads what `torch.export.save` wrote, of any of its archives: flat (torch 2.7 and before), with saved weights (2.8), or with
 * each weight in a file of its own (2.9 and later).
 * @throws {ServingError} `refused` for damage; `unsupported` for versions and datatypes that are not read
 */
export function readExported(archive: TorchArchive, isFlat: boolean): ExportedProgram {
  checkByteOrder(archive)
  const [graphName, weights, constants] = isFlat ? flatParts(archive) : archiveParts(archive)
  const document = JsonView.parse(archive.read(graphName), graphName)
  const major = document.get('schema_version').get('major').int()
  if (!SCHEMA_MAJORS.includes(major))
    throw unsupported(
      `the exported program has the schema version ${major}; ${SCHEMA_MAJORS.join(', ')} are read. export it with a current torch`,
    )
  const module = document.get('graph_module')
  const signature = module.get('signature')
  const graph = readGraph(module.get('graph'))
  const inputs = signature
    .get('input_specs')
    .list()
    .map((spec) => readInput(spec, weights, constants))
  if (inputs.length !== graph.inputs.length)
    throw damaged(`its signature has ${inputs.length} inputs, its graph ${graph.inputs.length}`)
  return {
    kind: 'exported',
    torchVersion: (document.optional('torch_version')?.text() ?? '').slice(0, 100),
    graph,
    inputs,
    outputs: signature.get('output_specs').list().map(readOutput),
    ranges: readRanges(document),
    outputNames: outputNames(module),
  }
}

function readRanges(document: JsonView): ExportedProgram['ranges'] {
  const bound = (view: JsonView | undefined) => (view === undefined ? undefined : view.int())
  const ranges = document.optional('range_constraints')?.entries() ?? []
  return new Map(
    ranges.map(([name, range]) => [
      name,
      { min: bound(range.optional('min_val')), max: bound(range.optional('max_val')) },
    ]),
  )
}

function flatParts(archive: TorchArchive): [string, Weights, Weights] {
  const saved = (name: string) =>
    archive.has(name) ? lazily(() => savedTensors(archive.read(name), name)) : () => undefined
  return ['serialized_exported_program.json', saved('serialized_state_dict.pt'), saved('serialized_constants.pt')]
}

function archiveParts(archive: TorchArchive): [string, Weights, Weights] {
  const models = [...archive.names].filter((name) => /^models\/[^/]+\.json$/.test(name))
  const [graphName] = models
  if (graphName === undefined || models.length > 1)
    throw unsupported(`the archive holds ${models.length} programs; export one model into one file`)
  const model = graphName.slice('models/'.length, -'.json'.length)
  const kept = (folder: string, what: string): Weights => {
    const config = `data/${folder}/${model}_${what}_config.json`
    if (archive.has(config)) return configured(archive, config, folder)
    const saved = `data/${folder}/${model}.pt`
    return archive.has(saved) ? lazily(() => savedTensors(archive.read(saved), saved)) : () => undefined
  }
  return [graphName, kept('weights', 'weights'), kept('constants', 'constants')]
}

/** Each tensor in a file of its own, which a list names. */
function configured(archive: TorchArchive, configName: string, folder: string): Weights {
  const entries = new Map(JsonView.parse(archive.read(configName), configName).get('config').entries())
  return (name) => {
    const entry = entries.get(name)
    if (entry === undefined) return undefined
    const path = `data/${folder}/${entry.get('path_name').text()}`
    if (entry.optional('use_pickle')?.boolean() === true) {
      const { root, storage } = readSaved(archive.read(path), path)
      const call = tensorCall(root)
      if (call === undefined) throw unsupported(`${quote(name)} is kept as something else than a tensor`)
      return tensorFrom(call, storage)
    }
    const meta = entry.get('tensor_meta')
    const datatype = exportedDatatype(meta.get('dtype').int())
    if (datatype === undefined)
      throw unsupported(`${quote(name)} has a datatype that is not read (number ${meta.get('dtype').int()})`)
    const sizes = (key: string) =>
      meta
        .get(key)
        .list()
        .map((size) => size.get('as_int').size())
    const offset = meta.optional('storage_offset')?.get('as_int').size() ?? 0
    return tensorOf(archive.read(path), datatype, { shape: sizes('sizes'), strides: sizes('strides'), offset })
  }
}

/** Runs once, when first asked. */
function lazily(read: () => Weights): Weights {
  let made: Weights | undefined
  return (name) => {
    made ??= read()
    return made(name)
  }
}

/** Tensors by name, out of a dict that `torch.save` wrote. */
function savedTensors(bytes: Uint8Array, name: string): Weights {
  const { root, storage } = readSaved(bytes, name)
  const entries = namesOf(root)
  return (wanted) => tensorIn(entries.get(wanted), storage)
}

function namesOf(root: PyValue): ReadonlyMap<string, PyValue> {
  return typeof root === 'object' && root !== null && 'kind' in root && root.kind === 'dict' ? root.byName : new Map()
}

function tensorIn(value: PyValue | undefined, storage: ReadStorage): NumericTensor | undefined {
  const call = tensorCall(value)
  return call === undefined ? undefined : tensorFrom(call, storage)
}

function readInput(spec: JsonView, weights: Weights, constants: Weights): ExportedInput {
  const [kind, view] = spec.variant()
  const kept = (key: string, from: Weights, or: Weights, owner: 'parameter' | 'constant'): ExportedInput => {
    const stored = view.get(key).text()
    const tensor = from(stored) ?? or(stored)
    if (tensor === undefined) throw damaged(`it has no tensor ${quote(stored)}`)
    return { kind: 'tensor', name: view.get('arg').get('name').text(), tensor, owner }
  }
  switch (kind) {
    case 'user_input':
      return { kind: 'user', argument: readArgument(view.get('arg')) }
    case 'parameter':
      return kept('parameter_name', weights, constants, 'parameter')
    case 'buffer':
      return kept('buffer_name', weights, constants, 'parameter')
    case 'tensor_constant':
      return kept('tensor_constant_name', constants, weights, 'constant')
    case 'constant_input':
      return { kind: 'user', argument: readArgument(view.get('value')) }
    case 'token':
      return { kind: 'token', name: view.get('arg').get('name').text() }
    default:
      throw unsupported(`the exported program takes an input of the kind ${quote(kind, 40)}, which is not compiled`)
  }
}

function readOutput(spec: JsonView): ExportedOutput {
  const [kind, view] = spec.variant()
  const target = (key: string) => view.optional(key)?.text() ?? ''
  const argument = view.optional('arg')
  // what is changed is named like a tensor, without saying so
  const read = (): ExportedOutput['argument'] => {
    if (argument === undefined) return { kind: 'none' }
    return argument.optional('name') === undefined
      ? readArgument(argument)
      : { kind: 'tensor', name: argument.get('name').text() }
  }
  if (kind === 'user_output') return { role: 'user', argument: readArgument(view.get('arg')), target: '' }
  if (kind === 'buffer_mutation') return { role: 'mutation', argument: read(), target: target('buffer_name') }
  if (kind === 'user_input_mutation') return { role: 'mutation', argument: read(), target: target('user_input_name') }
  if (kind === 'parameter_mutation') return { role: 'mutation', argument: read(), target: target('parameter_name') }
  return { role: 'other', argument: read(), target: kind }
}

/** Names of the outputs, from how they lie in lists and dicts; undefined where the file does not tell. */
function outputNames(module: JsonView): string[] | undefined {
  for (const call of module.optional('module_call_graph')?.list() ?? []) {
    if (call.optional('fqn')?.text() !== '') continue
    const spec = call.optional('signature')?.optional('out_spec')?.text()
    if (spec === undefined) return undefined
    const parsed = JsonView.parse(Buffer.from(spec), 'out_spec').list()[1]
    return parsed === undefined ? undefined : leaves(parsed)
  }
  return undefined
}

function leaves(root: JsonView): string[] | undefined {
  const names: string[] = []
  const open: { view: JsonView; path: string; depth: number }[] = [{ view: root, path: '', depth: 0 }]
  // from the last to the first, so that the first comes out first
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { view, path, depth } = at
    if (depth > 32 || names.length + open.length > 10_000) return undefined
    const type = view.optional('type')?.text()
    if (type === undefined) {
      names.push(path)
      continue
    }
    const children = view.get('children_spec').list()
    const keys = keysOf(view, type, children.length)
    if (keys === undefined) return undefined
    for (const [i, child] of [...children.entries()].reverse())
      open.push({ view: child, path: path === '' ? (keys[i] ?? '') : `${path}.${keys[i]}`, depth: depth + 1 })
  }
  return names
}

/** What the parts of a container are called: dicts by their keys, the rest by their places. */
function keysOf(view: JsonView, type: string, count: number): string[] | undefined {
  const places = Array.from({ length: count }, (_, i) => String(i))
  if (!/dict/i.test(type)) return places
  const context = view.optional('context')
  if (context === undefined) return undefined
  let keys: JsonView[]
  try {
    keys = JsonView.parse(Buffer.from(context.text()), 'context').list()
  } catch {
    return undefined
  }
  const texts = keys.map((key) => {
    try {
      return key.text()
    } catch {
      return undefined
    }
  })
  return texts.length === count && texts.every((text) => text !== undefined) ? texts : undefined
}
