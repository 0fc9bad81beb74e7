import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { floats, ints, strings, tensorAttribute } from './attributes.ts'
import type { OnnxAttribute, OnnxModel, OnnxNode } from './model.ts'
import { readOnnx } from './read.ts'
import { validateOnnx } from './validate.ts'

const load = (name: string) => readOnnx(readFileSync(new URL(`fixtures/${name}.onnx`, import.meta.url)))

/** A file's model with attributes of its tree ensemble changed. */
function changed(name: string, change: (before: OnnxNode['attributes']) => Record<string, OnnxAttribute>): OnnxModel {
  const model = load(name)
  const nodes = model.graph.nodes.map((node) =>
    node.opType.startsWith('TreeEnsemble')
      ? { ...node, attributes: new Map([...node.attributes, ...Object.entries(change(node.attributes))]) }
      : node,
  )
  return { ...model, graph: { ...model.graph, nodes } }
}

const noMembers: Record<string, OnnxAttribute> = {
  membership_values: tensorAttribute({ datatype: 'FP64', shape: [0], data: new Float64Array(0) }),
}

/** The list under `name` with the element at `at` (from the end where negative) replaced. */
function withInt(name: string, at: number, to: number) {
  return (attributes: OnnxNode['attributes']) => {
    const attribute = attributes.get(name)
    if (attribute?.type !== 'ints') throw new Error(`${name} is no list of integers`)
    return { [name]: ints(attribute.value.with(at, BigInt(to))) }
  }
}

const numbered = ['forest-classifier', 'forest-regressor']

test.each([...numbered, 'trees-v5', 'logistic-zipmap-on'])('%s as exported is accepted', (name) => {
  validateOnnx(load(name))
})

test.each(
  numbered.flatMap((name): [string, string, ReturnType<typeof withInt>, string][] => {
    const kind = name === 'forest-classifier' ? 'class' : 'target'
    return [
      [
        name,
        'a child that does not exist',
        withInt('nodes_truenodeids', 0, 999),
        'to node 999 of tree 0, which it does not have',
      ],
      [name, 'a child that is its parent', withInt('nodes_truenodeids', 0, 0), 'that no root reaches: a cycle'],
      [name, 'a node of two parents', withInt('nodes_falsenodeids', 0, 1), 'by two ways'],
      [name, 'a node twice', withInt('nodes_nodeids', 1, 0), 'has the node 0 of tree 0 twice'],
      [name, 'a tree without a way to its end', withInt('nodes_treeids', 0, 77), 'which it does not have'],
      [name, 'a negative feature', withInt('nodes_featureids', 0, -1), 'the feature id -1'],
      [name, 'a weight for no node', withInt(`${kind}_nodeids`, 0, 999), 'to node 999'],
      [name, 'a weight for no output', withInt(`${kind}_ids`, 0, 50), `has 50 in ${kind}_ids`],
      [name, 'a weight for output -1', withInt(`${kind}_ids`, 0, -1), `has -1 in ${kind}_ids`],
      [name, 'a list too short', () => ({ nodes_values: floats([1]) }), 'has 1 values in nodes_values'],
      [
        name,
        'too many missing tracks',
        () => ({ nodes_missing_value_tracks_true: ints([1]) }),
        'has 1 values in nodes_missing',
      ],
      [name, 'lists of no nodes', () => ({ nodes_nodeids: ints([]) }), 'has no nodes'],
      [name, 'a list of another type', () => ({ nodes_treeids: floats([1]) }), 'of type floats; ints is due'],
      [
        name,
        'a list from a call',
        () => ({ nodes_treeids: { type: 'reference', value: 'a', of: 7 } as const }),
        'no function',
      ],
      [name, 'three base values', () => ({ base_values: floats([1, 2, 3]) }), 'has 3 base values'],
    ]
  }),
)('%s with %s is refused', (name, _what, change, expected) => {
  expect(() => validateOnnx(changed(name, change))).toThrow(expected)
})

test('a node mode that does not exist is refused', () => {
  const model = changed('forest-regressor', (attributes) => {
    const modes = attributes.get('nodes_modes')
    if (modes?.type !== 'strings') throw new Error('the modes are missing')
    return { nodes_modes: { type: 'strings', value: modes.value.with(0, new TextEncoder().encode('BRANCH_MAYBE')) } }
  })
  expect(() => validateOnnx(model)).toThrow('the node mode "BRANCH_MAYBE"')
})

/** A regressor of one tree with as many nodes as `modes`, every value 0. */
function oneTree(modes: readonly string[], trueIds: readonly number[], falseIds: readonly number[]): OnnxModel {
  const zeros = Array<number>(modes.length).fill(0)
  return changed('forest-regressor', () => ({
    nodes_nodeids: ints(modes.keys()),
    nodes_treeids: ints(zeros),
    nodes_featureids: ints(zeros),
    nodes_modes: strings(modes),
    nodes_values: floats(zeros),
    nodes_hitrates: floats([]),
    nodes_missing_value_tracks_true: ints([]),
    nodes_truenodeids: ints(trueIds),
    nodes_falsenodeids: ints(falseIds),
    target_nodeids: ints([modes.length - 1]),
    target_treeids: ints([0]),
    target_ids: ints([0]),
    target_weights: floats([1]),
  }))
}

test('a cycle beside the tree, which no root reaches, is refused', () => {
  const model = oneTree(['LEAF', 'BRANCH_LEQ', 'BRANCH_LEQ', 'LEAF', 'LEAF'], [0, 2, 1, 0, 0], [0, 3, 4, 0, 0])
  expect(() => validateOnnx(model)).toThrow('has 4 nodes that no root reaches: a cycle')
})

test('a tree of two roots is refused', () => {
  expect(() => validateOnnx(oneTree(['LEAF', 'LEAF'], [0, 0], [0, 0]))).toThrow('has two roots in tree 0')
})

test('a tree deeper than the limit is refused without recursion', () => {
  const depth = 20_000
  const branches = Array.from({ length: depth }, (_, i) => i)
  const leaves = Array<number>(depth + 1).fill(0)
  const model = oneTree(
    [...branches.map(() => 'BRANCH_LEQ'), ...leaves.map(() => 'LEAF')],
    [...branches.map((i) => (i + 1 < depth ? i + 1 : 2 * depth)), ...leaves],
    [...branches.map((i) => depth + i), ...leaves],
  )
  expect(() => validateOnnx(model)).toThrow('branches from root to leaf in one tree')
  validateOnnx(model, { treeDepth: depth })
})

test.each<[string, ReturnType<typeof withInt>, string]>([
  ['a child beyond its nodes', withInt('nodes_truenodeids', 0, 3), 'from node 0 to node 3; there are 3'],
  ['a leaf beyond its leaves', withInt('nodes_truenodeids', 2, 5), 'from node 2 to leaf 5; there are 5'],
  ['a negative child', withInt('nodes_truenodeids', 0, -1), 'from node 0 to node -1'],
  ['a child that is its parent', withInt('nodes_truenodeids', 0, 0), 'by two ways'],
  ['a root beyond its nodes', withInt('tree_roots', 0, 3), 'has the root 3; there are 3 nodes'],
  ['a root twice', withInt('tree_roots', 1, 0), 'by two ways'],
  ['a root that is a child', withInt('tree_roots', 1, 1), 'by two ways'],
  ['a node that no root reaches', () => ({ tree_roots: ints([0]) }), 'has 1 nodes that no root reaches'],
  ['a leaf flag of 2', withInt('nodes_trueleafs', 0, 2), 'has 2 in nodes_trueleafs'],
  ['a target beyond its outputs', withInt('leaf_targetids', 0, 1), 'has 1 in leaf_targetids, for 1 outputs'],
  ['a negative feature', withInt('nodes_featureids', 1, -3), 'the feature id -3'],
  ['a list too short', () => ({ nodes_falseleafs: ints([1]) }), 'has 1 values in nodes_falseleafs, 3 are due'],
  ['no members for its membership node', () => noMembers, '1 membership nodes and 0 sets'],
])('trees of version 5 with %s are refused', (_what, change, expected) => {
  expect(() => validateOnnx(changed('trees-v5', change))).toThrow(expected)
})

/** Nodes of a classifier in another order and under other ids: each with its tree, its id, its children and its mode. */
interface Sapling {
  readonly tree: number
  readonly id: number
  readonly children: readonly number[]
}

function plant(nodes: readonly Sapling[]): OnnxModel {
  const zeros = () => ints(nodes.map(() => 0))
  return changed('forest-regressor', () => ({
    nodes_treeids: ints(nodes.map(({ tree }) => tree)),
    nodes_nodeids: ints(nodes.map(({ id }) => id)),
    nodes_featureids: zeros(),
    nodes_truenodeids: ints(nodes.map(({ children }) => children[0] ?? 0)),
    nodes_falsenodeids: ints(nodes.map(({ children }) => children[1] ?? 0)),
    nodes_modes: strings(nodes.map(({ children }) => (children.length > 0 ? 'BRANCH_LEQ' : 'LEAF'))),
    nodes_values: floats(nodes.map(() => 1)),
    nodes_hitrates: floats([]),
    nodes_missing_value_tracks_true: ints([]),
    target_treeids: ints([nodes[0]?.tree ?? 0]),
    target_nodeids: ints([nodes[0]?.id ?? 0]),
    target_ids: ints([0]),
    target_weights: floats([1]),
  }))
}

/** Trees of three or five nodes; ids count from 0 in some and are any in others. */
const forest = fc
  .uniqueArray(
    fc.record({ tree: fc.integer({ min: -2, max: 9 }), isLarge: fc.boolean(), step: fc.integer({ min: 1, max: 3 }) }),
    {
      selector: ({ tree }) => tree,
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((trees) =>
    trees.flatMap(({ tree, isLarge, step }): Sapling[] => {
      const id = (at: number) => (step - 1) * 5 + at * step
      const leaf = (at: number): Sapling => ({ tree, id: id(at), children: [] })
      const root: Sapling = { tree, id: id(0), children: [id(1), id(2)] }
      return isLarge
        ? [root, { tree, id: id(1), children: [id(3), id(4)] }, leaf(2), leaf(3), leaf(4)]
        : [root, leaf(1), leaf(2)]
    }),
  )

test('the order of nodes is no matter, but each id of a tree is there once', () => {
  fc.assert(
    fc.property(
      forest.chain((nodes) =>
        fc.tuple(
          fc.oneof(fc.constant(nodes), fc.shuffledSubarray(nodes, { minLength: nodes.length })),
          fc.nat({ max: nodes.length - 1 }),
        ),
      ),
      ([nodes, at]) => {
        validateOnnx(plant(nodes))
        const again = nodes[at] as Sapling
        expect(() => validateOnnx(plant([...nodes, again]))).toThrow(
          `has the node ${again.id} of tree ${again.tree} twice`,
        )
        const child = nodes.find(({ tree, children }) => tree === again.tree && children.includes(again.id))
        if (child !== undefined)
          expect(() => validateOnnx(plant(nodes.filter((node) => node !== again)))).toThrow('which it does not have')
      },
    ),
  )
})
