import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { readBoosterJson } from './json.ts'
import { damaged, FileView, isNumberList, isObject, type FileValue, type NumberList } from './tree-file.ts'
import { readUbjson } from './ubjson.ts'

/** What an XGBoost model file says, checked against itself as far as sizes go; the trees themselves are not. */
export interface XgboostModel {
  /** [major, minor, patch]; undefined in files that do not say. */
  readonly version: readonly [number, number, number] | undefined
  readonly objective: string
  readonly booster: 'gbtree' | 'dart' | 'gblinear'
  readonly features: number
  /** As the file has it: 0 or 1 where there are no classes. */
  readonly classes: number
  readonly targets: number
  /** One number, or one for each class or target; before the objective's link. */
  readonly baseScores: readonly number[]
  readonly featureNames: readonly string[] | undefined
  readonly featureTypes: readonly string[] | undefined
  /** Of each feature, the categories that its codes stand for; undefined where it has none. */
  readonly categories: readonly (XgboostCategories | undefined)[] | undefined
  readonly attributes: ReadonlyMap<string, string>
  readonly trees: readonly XgboostTree[]
  /** Of each tree, the class or target that it adds to. */
  readonly groups: Int32Array
  /** Where each iteration's trees begin, and the end. */
  readonly iterationStarts: Int32Array
  /** Of dart: what each tree is multiplied with. */
  readonly weightDrop: Float64Array | undefined
  /** Of gblinear: [features + 1, groups], the bias last. */
  readonly weights: Float64Array | undefined
}

export type XgboostCategories =
  | { readonly kind: 'text'; readonly values: readonly string[] }
  | { readonly kind: 'numbers'; readonly values: readonly number[] }

export interface XgboostTree {
  /** Negative at leaves. */
  readonly left: Int32Array
  readonly right: Int32Array
  readonly feature: Int32Array
  /** Thresholds; of leaves of one number, what they say. */
  readonly condition: Float64Array
  readonly defaultLeft: Uint8Array
  /** Categories that go right, by node. */
  readonly categories: ReadonlyMap<number, Int32Array>
  /** Numbers that a leaf says. */
  readonly leafSize: number
  /** [nodes, leafSize] where leaves say several. */
  readonly leafVectors: Float64Array | undefined
}

const MAX_TREES = 1_000_000
const MAX_FEATURES = 1_000_000
/** Most classes, and most targets. */
const MAX_GROUPS = 100_000

/**
 * Reads a model that XGBoost saved as JSON or UBJSON, or the bytes inside a pickled Booster, which are one of the two.
 * @throws {ServingError} `refused` for a damaged file, `unsupported` for what is not covered
 * @see XGBoost, "Introduction to Model IO", and its JSON schema
 */
export function readXgboost(bytes: Uint8Array): XgboostModel {
  const [first] = bytes
  if (first !== 0x7b)
    throw new ServingError(
      'unsupported',
      'the model is in an older binary form of XGBoost, which newer ones do not read either; load it with the version that wrote it and save it again: booster.save_model("model.ubj")',
      { details: { format: 'xgboost-binary' } },
    )
  // after the brace, JSON has a quote (or spaces) and UBJSON a type
  const second = bytes.subarray(1).find((byte) => ![0x20, 0x0a, 0x0d, 0x09].includes(byte))
  const root = second === 0x22 || second === 0x7d ? readBoosterJson(bytes) : readUbjson(bytes)
  return modelOf(root.get('Model') ?? root, root.get('Config'))
}

/** @param config how it was trained, which pickles keep beside the model */
function modelOf(root: FileValue, config: FileValue | undefined): XgboostModel {
  const file = new FileView(root, 'model')
  const learner = file.object('learner')
  const parameters = learner.object('learner_model_param')
  const features = limited(parameters, 'num_feature', MAX_FEATURES)
  const objective = learner.object('objective').text('name')
  const shell = learner.object('gradient_booster')
  const name = shell.has('name') ? shell.text('name') : 'gbtree'
  if (name !== 'gbtree' && name !== 'dart' && name !== 'gblinear')
    throw new ServingError(
      'unsupported',
      `the booster of the model is ${quote(name)}; gbtree, dart and gblinear are covered`,
    )
  const booster = name === 'dart' ? shell.object('gbtree') : shell
  const model = booster.object('model')
  const attributes = attributesIn(learner)
  const featureNames = namesIn(learner, 'feature_names', features)
  const featureTypes = namesIn(learner, 'feature_types', features)
  return {
    version: versionIn(file),
    objective,
    booster: name,
    features,
    classes: limited(parameters, 'num_class', MAX_GROUPS, 0),
    targets: limited(parameters, 'num_target', MAX_GROUPS, 1),
    baseScores: baseScoresIn(parameters),
    featureNames,
    featureTypes,
    categories: categoriesIn(model, features),
    attributes,
    ...(name === 'gblinear' ? linearOf(model) : forestOf(model, () => parallelIn(config) ?? parallelNoted(attributes))),
    weightDrop: name === 'dart' ? float32s(shell.numbers('weight_drop')) : undefined,
  }
}

/** A count that work is measured by, and that the file's size does not bound. */
function limited(parameters: FileView, name: string, most: number, missing?: number): number {
  const count = parameters.count(name, missing)
  if (count <= most) return count
  throw new ServingError('too_large', `the model has ${count} as ${name}; the most is ${most}`, {
    details: { allowed: most },
  })
}

function versionIn(file: FileView): readonly [number, number, number] | undefined {
  if (!file.has('version')) return undefined
  const [major = 0, minor = 0, patch = 0] = file.numbers('version')
  return [major, minor, patch]
}

function namesIn(learner: FileView, name: string, features: number): readonly string[] | undefined {
  if (!learner.has(name)) return undefined
  const names = learner.texts(name)
  if (names.length === 0) return undefined
  if (names.length !== features) throw learner.wrong(name, `a list of ${features} texts; it has ${names.length}`)
  return names
}

/** `"5E-1"`, and from 3.1 on `"[1E-1,2E-1]"`. */
function baseScoresIn(parameters: FileView): readonly number[] {
  const value = parameters.raw('base_score')
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') throw parameters.wrong('base_score', 'a number')
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  const numbers = inner.split(',').map((each) => (each.trim() === '' ? Number.NaN : Number(each)))
  if (numbers.some((number) => !Number.isFinite(number))) throw parameters.wrong('base_score', 'a number')
  return numbers.map(Math.fround)
}

function attributesIn(learner: FileView): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const value = learner.raw('attributes')
  if (isObject(value)) for (const [key, each] of value) if (typeof each === 'string') found.set(key, each)
  return found
}

function linearOf(model: FileView): Pick<XgboostModel, 'trees' | 'groups' | 'iterationStarts' | 'weights'> {
  return {
    trees: [],
    groups: new Int32Array(),
    iterationStarts: Int32Array.of(0),
    weights: float32s(model.numbers('weights')),
  }
}

/** Before 1.6 only the training's parameters say how many trees grow side by side in an iteration. */
function parallelIn(config: FileValue | undefined): number | undefined {
  let at = config
  for (const name of ['learner', 'gradient_booster']) at = isObject(at) ? at.get(name) : undefined
  if (isObject(at) && at.has('gbtree')) at = at.get('gbtree')
  const parameters = isObject(at) ? at.get('gbtree_train_param') : undefined
  if (!isObject(parameters) || !parameters.has('num_parallel_tree')) return undefined
  return new FileView(parameters, 'config.gbtree_train_param').count('num_parallel_tree')
}

/** Or what early stopping has noted: the best iteration, and how many trees of a class that makes. */
function parallelNoted(attributes: ReadonlyMap<string, string>): number | undefined {
  const [last, trees] = ['best_iteration', 'best_ntree_limit'].map((name) => Number(attributes.get(name)))
  const parallel = (trees ?? Number.NaN) / ((last ?? Number.NaN) + 1)
  return Number.isInteger(parallel) && parallel > 0 ? parallel : undefined
}

function forestOf(
  model: FileView,
  parallel: () => number | undefined,
): Pick<XgboostModel, 'trees' | 'groups' | 'iterationStarts' | 'weights'> {
  const list = model.list('trees')
  if (list.length > MAX_TREES) throw damaged(`it has ${list.length} trees; the most is ${MAX_TREES}`)
  const trees = list.map((tree, i) => treeOf(new FileView(tree, `${model.where}.trees[${i}]`)))
  const groups = model.integers('tree_info', trees.length)
  return { trees, groups, iterationStarts: iterationsIn(model, trees.length, groups, parallel), weights: undefined }
}

function iterationsIn(
  model: FileView,
  trees: number,
  groups: Int32Array,
  parallelTrees: () => number | undefined,
): Int32Array {
  if (model.has('iteration_indptr')) {
    const starts = model.integers('iteration_indptr')
    if (
      starts.length > 0 &&
      starts.at(-1) === trees &&
      starts[0] === 0 &&
      starts.every((start, i) => i === 0 || start >= (starts[i - 1] as number))
    )
      return starts
    throw model.wrong('iteration_indptr', 'the beginnings of its iterations')
  }
  const parameters = model.object('gbtree_model_param')
  const known = parameters.has('num_parallel_tree') ? parameters.count('num_parallel_tree') : parallelTrees()
  const parallel = Math.max(1, known ?? 1)
  const size = parallel * (groups.reduce((most, group) => Math.max(most, group), 0) + 1)
  return Int32Array.from({ length: Math.ceil(trees / size) + 1 }, (_, i) => Math.min(trees, i * size))
}

function treeOf(tree: FileView): XgboostTree {
  const left = tree.integers('left_children')
  const nodes = left.length
  const right = tree.integers('right_children', nodes)
  const leafSize = Math.max(1, tree.has('tree_param') ? tree.object('tree_param').count('size_leaf_vector', 1) : 1)
  return {
    left,
    right,
    feature: tree.integers('split_indices', nodes),
    condition: float32s(tree.numbers('split_conditions', nodes)),
    defaultLeft: Uint8Array.from(flagsIn(tree, 'default_left', nodes)),
    categories: splitCategories(tree, nodes),
    leafSize,
    leafVectors: leafSize === 1 ? undefined : leafVectorsIn(tree, left, right, leafSize),
  }
}

/** What XGBoost keeps as FP32, which JSON writes in the fewest digits that tell it. */
function float32s(numbers: NumberList): Float64Array {
  return Float64Array.from(numbers, Math.fround)
}

/** Flags, which are numbers or (in old files) true and false. */
function flagsIn(tree: FileView, name: string, length: number): ArrayLike<number> {
  const value = tree.raw(name)
  if (isNumberList(value)) return tree.integers(name, length)
  const list = tree.list(name)
  if (list.length !== length || !list.every((each) => typeof each === 'boolean' || typeof each === 'number'))
    throw tree.wrong(name, `a list of ${length} flags`)
  return list.map(Number)
}

/** Up to 3.1 the leaves' vectors stand among those of all nodes; later by themselves, found by the leaf's right child. */
function leafVectorsIn(tree: FileView, left: Int32Array, right: Int32Array, size: number): Float64Array {
  const nodes = left.length
  if (!tree.has('leaf_weights')) return float32s(tree.numbers('base_weights', nodes * size))
  const packed = float32s(tree.numbers('leaf_weights'))
  const vectors = new Float64Array(nodes * size)
  for (let node = 0; node < nodes; node++) {
    if ((left[node] as number) >= 0) continue
    const from = (right[node] as number) * size
    if (from < 0 || from + size > packed.length) throw tree.wrong('leaf_weights', 'what its leaves say')
    for (let i = 0; i < size; i++) vectors[node * size + i] = packed[from + i] as number
  }
  return vectors
}

function splitCategories(tree: FileView, nodes: number): ReadonlyMap<number, Int32Array> {
  const found = new Map<number, Int32Array>()
  if (!tree.has('categories_nodes')) return found
  const at = tree.integers('categories_nodes')
  if (at.length === 0) return found
  const segments = tree.integers('categories_segments', at.length)
  const sizes = tree.integers('categories_sizes', at.length)
  const all = tree.integers('categories')
  for (let i = 0; i < at.length; i++) {
    const [node = -1, from = -1, size = -1] = [at[i], segments[i], sizes[i]]
    if (node < 0 || node >= nodes || found.has(node) || from < 0 || size < 0 || from + size > all.length)
      throw tree.wrong('categories_segments', 'the categories of its nodes')
    found.set(node, all.slice(from, from + size))
  }
  return found
}

/** From 3.1 on: the names of categories, one list a feature. */
function categoriesIn(model: FileView, features: number): XgboostModel['categories'] {
  const value = model.raw('cats')
  if (!isObject(value)) return undefined
  const lists = new FileView(value, `${model.where}.cats`).list('enc')
  if (lists.length === 0) return undefined
  if (lists.length !== features) throw damaged(`it has categories of ${lists.length} features, not of ${features}`)
  return lists.map((list, i) => categoriesOf(new FileView(list, `${model.where}.cats.enc[${i}]`)))
}

function categoriesOf(list: FileView): XgboostCategories | undefined {
  const values = list.numbers('values')
  if (!list.has('offsets')) return { kind: 'numbers', values: Array.from(values) }
  const offsets = list.integers('offsets')
  if (offsets.length === 0) return undefined
  const bytes = Uint8Array.from(values, (value) => value & 0xff)
  if (bytes.some((byte) => byte > 0x7f))
    throw new ServingError(
      'unsupported',
      `${list.where}: the file has cut its categories short, as XGBoost does with text that is not ASCII; rename them, or put an OrdinalEncoder before the model`,
    )
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const texts: string[] = []
  for (let i = 0; i + 1 < offsets.length; i++) {
    const [from = -1, to = -1] = [offsets[i], offsets[i + 1]]
    if (from < 0 || to < from || to > bytes.length) throw list.wrong('offsets', 'where its texts begin')
    try {
      texts.push(decoder.decode(bytes.subarray(from, to)))
    } catch {
      throw list.wrong('values', 'text in UTF-8')
    }
  }
  return { kind: 'text', values: texts }
}
