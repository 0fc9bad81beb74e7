import { archiveContents, openArchive } from '../formats/archives/open-archive.ts'
import { readLightgbm } from '../formats/boosters/lightgbm.ts'
import { readXgboost } from '../formats/boosters/xgboost.ts'
import { ADVICE, detectFormat, type FileFormat } from '../formats/detect.ts'
import { flavoursOfMlflow } from '../formats/folders.ts'
import { modelInside } from '../formats/model-inside.ts'
import { readNpz } from '../formats/numpy/npz.ts'
import type { ObjectTree } from '../formats/python/tree.ts'
import { readSafetensors } from '../formats/safetensors.ts'
import { describeTorch } from '../formats/torch/describe-torch.ts'
import type { ExportedGraph, ScriptProgram, ScriptValue, TorchProgram } from '../formats/torch/program.ts'
import { readTorch } from '../formats/torch/read-torch.ts'
import { ServingError } from '../core/errors.ts'
import { elementSizeBytes, isDatatype } from '../tensor/datatype.ts'

/** What a file holds, of the formats that are neither graphs nor pickles. Lists are cut, counts are whole. */
export type Contents = ArchiveContents | TreesContents | TorchContents | TensorsContents

/** An archive, and which of its files the model is. */
export interface ArchiveContents {
  readonly kind: 'archive'
  /** What it is for: a bundle, an MLflow model, inference code, or files. */
  readonly holds: string
  readonly count: number
  readonly files: readonly { readonly name: string; readonly sizeBytes: number; readonly format: FileFormat }[]
  readonly model?: string
  /** Of an MLflow model, the flavours that its `MLmodel` names. */
  readonly flavours?: readonly string[]
}

/** A model of XGBoost or LightGBM in its own form. */
export interface TreesContents {
  readonly kind: 'trees'
  readonly library: 'XGBoost' | 'LightGBM'
  readonly version?: string
  readonly objective?: string
  readonly booster: string
  readonly trees: number
  readonly nodes: number
  readonly features: number
  readonly featureNames?: readonly string[]
  /** Classes or targets that have trees of their own; 1 where there is one number. */
  readonly groups: number
}

/** A program of PyTorch. */
export interface TorchContents {
  readonly kind: 'torch'
  readonly form: 'torch.export' | 'TorchScript'
  /** How often each operator is called, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>
  readonly tensors: number
  /** Numbers in those. */
  readonly parameters: number
  readonly sizeBytes: number
}

/** Tensors without a program, and arrays. */
export interface TensorsContents {
  readonly kind: 'tensors'
  readonly count: number
  readonly parameters: number
  readonly sizeBytes: number
  readonly tensors: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[]
  readonly architecture?: string
  /** Of a whole module: the classes whose code it needs. */
  readonly classes?: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
  readonly advice?: string
}

/** What a model file holds, short enough to be kept beside its bundle. */
export interface FoundInFile {
  /** Of a pickle. */
  readonly objects?: readonly ObjectTree[]
  /** Of an archive, boosters, networks; that of an archive's file stands behind the archive's. */
  readonly contents?: readonly Contents[]
}

/** Names that are listed. */
const MOST_LISTED = 20
/** Files of an archive whose format is looked up. */
const MOST_FILES = 200

/**
 * Says what a file holds; undefined for graphs, pickles and what nobody can look into. Nothing is run.
 * @throws {ServingError} as the format's reader, for damage
 */
export function describeContents(
  name: string,
  format: FileFormat,
  bytes: Uint8Array,
  maxBytes: number,
): Contents | undefined {
  switch (format) {
    case 'zip':
    case 'tar':
    case 'packed-tar':
      return describeArchive(name, bytes, maxBytes)
    case 'xgboost-json':
    case 'xgboost-ubj':
      return describeXgboost(bytes)
    case 'lightgbm':
      return describeLightgbm(bytes)
    case 'pt2':
    case 'torchscript':
      return describeProgram(readTorch(bytes, name))
    case 'torch':
    case 'torch-legacy':
      return describeSaved(bytes, name)
    case 'safetensors':
      return describeSafetensors(bytes)
    case 'npz':
      return describeArrays(bytes)
    default:
      return undefined
  }
}

/**
 * Adds what a file holds to a list, where anything tells that. What cannot be read is passed over: who compiles the file
 * says why.
 */
export function addContents(
  list: Contents[],
  { name, format, bytes }: { readonly name: string; readonly format: FileFormat; readonly bytes: Uint8Array },
  maxBytes: number,
): void {
  try {
    const contents = describeContents(name, format, bytes, maxBytes)
    if (contents !== undefined) list.push(contents)
  } catch (error) {
    if (!(error instanceof ServingError)) throw error
  }
}

function describeArchive(name: string, bytes: Uint8Array, maxBytes: number): ArchiveContents {
  const { names, read } = openArchive(bytes, { maxBytes })
  const { kind, root } = archiveContents(names)
  const files = names.slice(0, MOST_FILES).map((each) => {
    const content = read(each)
    return { name: each, sizeBytes: content.byteLength, format: detectFormat(content) }
  })
  const flavours =
    kind === 'mlflow' ? flavoursOfMlflow(Buffer.from(read(`${root}MLmodel`)).toString('utf8')) : undefined
  const model = quietly(() => modelInside(names, read, name))
  return {
    kind: 'archive',
    holds: kind,
    count: names.length,
    files,
    ...(model === undefined ? {} : { model }),
    ...(flavours === undefined ? {} : { flavours }),
  }
}

/** Which one the model is may not be clear: the refusal says so, where the file is compiled. */
function quietly(find: () => string): string | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof ServingError) return undefined
    throw error
  }
}

function describeXgboost(bytes: Uint8Array): TreesContents {
  const { version, objective, booster, features, featureNames, classes, targets, trees } = readXgboost(bytes)
  return {
    kind: 'trees',
    library: 'XGBoost',
    ...(version === undefined ? {} : { version: version.join('.') }),
    objective,
    booster,
    trees: trees.length,
    nodes: trees.reduce((sum, { left }) => sum + left.length, 0),
    features,
    ...(featureNames === undefined ? {} : { featureNames: featureNames.slice(0, MOST_LISTED) }),
    groups: Math.max(1, classes, targets),
  }
}

function describeLightgbm(bytes: Uint8Array): TreesContents {
  const { version, objective, features, featureNames, treesPerIteration, trees, isAveraged } = readLightgbm(bytes)
  return {
    kind: 'trees',
    library: 'LightGBM',
    version,
    ...(objective === undefined ? {} : { objective: objective.name }),
    booster: isAveraged ? 'averaged trees' : 'trees',
    trees: trees.length,
    nodes: trees.reduce((sum, { leaves }) => sum + 2 * leaves - 1, 0),
    features,
    featureNames: featureNames.slice(0, MOST_LISTED),
    groups: treesPerIteration,
  }
}

function describeProgram(program: TorchProgram): TorchContents {
  const operators = new Map<string, number>()
  const sum = { tensors: 0, parameters: 0, sizeBytes: 0 }
  const count = ({ data }: { readonly data: ArrayBufferView & { readonly length: number } }) => {
    sum.tensors++
    sum.parameters += data.length
    sum.sizeBytes += data.byteLength
  }
  if (program.kind === 'script') {
    countCalls([...program.classes.values(), ...program.functions.values()], operators)
    for (const tensor of tensorsOfScript(program)) count(tensor)
  } else {
    countTargets(program.graph, operators)
    for (const input of program.inputs) if (input.kind === 'tensor') count(input.tensor)
  }
  return {
    kind: 'torch',
    form: program.kind === 'script' ? 'TorchScript' : 'torch.export',
    operators: Object.fromEntries([...operators].sort((a, b) => b[1] - a[1])),
    ...sum,
  }
}

function countTargets(graph: ExportedGraph, operators: Map<string, number>): void {
  const open = [graph]
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const { target, inputs } of at.nodes) {
      const name = target.replace(/^torch\.ops\./, '').slice(0, 100)
      operators.set(name, (operators.get(name) ?? 0) + 1)
      for (const { argument } of inputs) if (argument.kind === 'graph') open.push(argument.graph)
    }
}

/** The calls of `torch.…` and `ops.…` in code, as a tree: whatever the tree is made of is walked, nothing is evaluated. */
function countCalls(code: readonly unknown[], operators: Map<string, number>): void {
  const open: unknown[] = [...code]
  while (open.length > 0) {
    const at = open.pop()
    if (typeof at !== 'object' || at === null) continue
    const { kind, callee } = at as { readonly kind?: unknown; readonly callee?: unknown }
    const name = kind === 'call' ? dotted(callee) : undefined
    if (name !== undefined && /^(?:torch|ops)\./.test(name)) operators.set(name, (operators.get(name) ?? 0) + 1)
    for (const part of at instanceof Map ? at.values() : Object.values(at)) open.push(part)
  }
}

/** `torch.nn.functional.linear` of the attributes that stand for it. */
function dotted(expression: unknown): string | undefined {
  const parts: string[] = []
  let at = expression as { readonly kind?: unknown; readonly name?: unknown; readonly object?: unknown } | undefined
  while (at?.kind === 'attribute' && typeof at.name === 'string' && parts.length < 8) {
    parts.unshift(at.name)
    at = at.object as typeof at
  }
  return at?.kind === 'name' && typeof at.name === 'string' ? [at.name, ...parts].join('.').slice(0, 100) : undefined
}

function* tensorsOfScript({ root, constants }: ScriptProgram) {
  const seen = new Set<object>()
  const open: ScriptValue[] = [root, ...constants]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (typeof at !== 'object' || at === null || seen.has(at)) continue
    seen.add(at)
    if (at.kind === 'tensor') yield at.tensor
    else if (at.kind === 'object') open.push(...at.attributes.values())
    else if (at.kind === 'list' || at.kind === 'tuple') for (const item of at.items) open.push(item)
    else if (at.kind === 'dict') for (const value of at.entries.values()) open.push(value)
  }
}

function describeSaved(bytes: Uint8Array, name: string): TensorsContents {
  const { tensors, architecture, classes } = describeTorch(bytes, name)
  const numbers = tensors.map(({ shape }) => shape.reduce((product, size) => product * size, 1))
  return {
    kind: 'tensors',
    count: tensors.length,
    parameters: numbers.reduce((sum, count) => sum + count, 0),
    sizeBytes: tensors.reduce(
      (sum, { datatype }, i) => sum + (numbers[i] ?? 0) * (isDatatype(datatype) ? elementSizeBytes(datatype) : 0),
      0,
    ),
    tensors: tensors.slice(0, MOST_LISTED),
    ...(architecture === undefined ? {} : { architecture }),
    ...(classes.length === 0 ? {} : { classes: classes.slice(0, MOST_LISTED) }),
    ...(ADVICE.torch === undefined ? {} : { advice: ADVICE.torch }),
  }
}

function describeSafetensors(bytes: Uint8Array): TensorsContents {
  const { tensors, metadata, parameters, architecture } = readSafetensors(bytes)
  const all = [...tensors.values()]
  return {
    kind: 'tensors',
    count: all.length,
    parameters,
    sizeBytes: all.reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0),
    tensors: all.slice(0, MOST_LISTED).map(({ name, dtype, shape }) => ({ name, datatype: dtype, shape })),
    ...(architecture === undefined ? {} : { architecture }),
    ...(metadata.size === 0 ? {} : { metadata: Object.fromEntries([...metadata].slice(0, MOST_LISTED)) }),
    ...(ADVICE.safetensors === undefined ? {} : { advice: ADVICE.safetensors }),
  }
}

function describeArrays(bytes: Uint8Array): TensorsContents {
  const arrays = [...readNpz(bytes)]
  const sizes = arrays.map(([, { shape, dtype }]) => {
    const count = shape.reduce((product, size) => product * size, 1)
    return { count, bytes: count * dtype.itemSize }
  })
  return {
    kind: 'tensors',
    count: arrays.length,
    parameters: sizes.reduce((sum, { count }) => sum + count, 0),
    sizeBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    tensors: arrays
      .slice(0, MOST_LISTED)
      .map(([name, { dtype, shape }]) => ({ name, datatype: `${dtype.code}${dtype.itemSize}`, shape })),
    ...(ADVICE.npz === undefined ? {} : { advice: ADVICE.npz }),
  }
}
