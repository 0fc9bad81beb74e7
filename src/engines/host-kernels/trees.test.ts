import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  GraphBuilder,
  floats,
  int,
  ints,
  string,
  strings,
  tensorAttribute,
  type OnnxAttribute,
  type OnnxModel,
} from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { expectAgreement, numbersOf, floatTensor, randomFloats, randomFrom, refusalOf, runHost } from './testing.ts'

type Float = 'FP32' | 'FP64'
type Attributes = Record<string, OnnxAttribute>

const FEATURES = 4
const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT']
const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX']
const ROWS = [0, 1, 3, 150]

/** Values that lie on thresholds as often as between them. */
function gridFloats(random: () => number, count: number, isWild: boolean): number[] {
  return randomFloats(random, count, isWild).map((value) =>
    Number.isFinite(value) ? Math.round(value * 2) / 2 : value,
  )
}

function rowsOf(datatype: Float, rows: number, seed: number, isWild = true): Map<string, Tensor> {
  const values = gridFloats(randomFrom(seed), rows * FEATURES, isWild)
  return new Map([['x', floatTensor(datatype, [rows, FEATURES], values)]])
}

interface Shape {
  readonly seed: number
  readonly trees: number
  readonly depth: number
  /** Node modes to draw from. */
  readonly modes: readonly string[]
  readonly tracks: boolean
}

/** Complete trees of the operators before TreeEnsemble: node i of a tree leads to 2 i + 1 and 2 i + 2. */
function namedTrees({ seed, trees, depth, modes, tracks }: Shape) {
  const random = randomFrom(seed)
  const [treeids, nodeids, features, whenTrue, whenFalse, tracksTrue]: number[][] = [[], [], [], [], [], []]
  const kinds: string[] = []
  const leaves: { tree: number; node: number }[] = []
  for (let tree = 0; tree < trees; tree++) {
    const branches = 2 ** depth - 1
    for (let node = 0; node < 2 * branches + 1; node++) {
      const isLeaf = node >= branches
      treeids?.push(tree)
      nodeids?.push(node)
      features?.push(isLeaf ? 0 : Math.floor(random() * FEATURES))
      whenTrue?.push(isLeaf ? 0 : 2 * node + 1)
      whenFalse?.push(isLeaf ? 0 : 2 * node + 2)
      tracksTrue?.push(random() < 0.5 ? 1 : 0)
      kinds.push(isLeaf ? 'LEAF' : (modes[Math.floor(random() * modes.length)] as string))
      if (isLeaf) leaves.push({ tree, node })
    }
  }
  const attributes: Attributes = {
    nodes_treeids: ints(treeids as number[]),
    nodes_nodeids: ints(nodeids as number[]),
    nodes_featureids: ints(features as number[]),
    nodes_truenodeids: ints(whenTrue as number[]),
    nodes_falsenodeids: ints(whenFalse as number[]),
    nodes_modes: strings(kinds),
  }
  if (tracks) attributes['nodes_missing_value_tracks_true'] = ints(tracksTrue as number[])
  return { attributes, leaves, count: kinds.length, random }
}

function listOf(datatype: Float, name: string, values: readonly number[]): Attributes {
  if (datatype === 'FP32') return { [name]: floats(values) }
  return { [`${name}_as_tensor`]: tensorAttribute(floatTensor('FP64', [values.length], values)) }
}

function graphOf(
  operator: string,
  datatype: Float,
  attributes: Attributes,
  outputs: readonly [string, Tensor['datatype']][],
  mlOpset = 3,
): OnnxModel {
  const graph = new GraphBuilder({
    opsets: new Map([
      ['', 21],
      ['ai.onnx.ml', mlOpset],
    ]),
  })
  const x = graph.input('x', datatype, [undefined, FEATURES])
  graph.node(operator, [x], attributes, { domain: 'ai.onnx.ml', outputs: outputs.map(([name]) => name) })
  for (const [name, type] of outputs) graph.output(name, type)
  return graph.build()
}

interface Regressor extends Shape {
  readonly datatype: Float
  readonly targets: number
  readonly aggregate: string
  readonly transform: string
  readonly hasBase: boolean
}

function regressor(options: Regressor): OnnxModel {
  const { datatype, targets, aggregate, transform, hasBase } = options
  const { attributes, leaves, count, random } = namedTrees(options)
  const thresholds = gridFloats(random, count, false)
  const weights = leaves.flatMap((leaf) => Array.from({ length: targets }, (_target, target) => ({ ...leaf, target })))
  const small = transform === 'PROBIT' ? 0.05 / options.trees : 0.3
  return graphOf(
    'TreeEnsembleRegressor',
    datatype,
    {
      ...attributes,
      ...listOf(datatype, 'nodes_values', thresholds),
      ...listOf(
        datatype,
        'target_weights',
        weights.map(() => random() * small),
      ),
      ...(hasBase
        ? listOf(
            datatype,
            'base_values',
            Array.from({ length: targets }, () => 0.1 + random() * 0.2),
          )
        : {}),
      target_treeids: ints(weights.map(({ tree }) => tree)),
      target_nodeids: ints(weights.map(({ node }) => node)),
      target_ids: ints(weights.map(({ target }) => target)),
      n_targets: int(targets),
      aggregate_function: string(aggregate),
      post_transform: string(transform),
    },
    [['out', 'FP32']],
  )
}

const ALL_MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ']
/** Enough trees that several rows are taken by vectors, where the rest allows it. */
const MANY_TREES = 40
const PLAIN = { seed: 3, trees: 5, depth: 3, modes: ['BRANCH_LEQ'], tracks: false }

/** PROBIT is steep where its approximation cancels out: the last bit of a score becomes this. */
const TOLERANCE = { relative: 1e-5, absolute: 1e-6 }
const STEEP = { relative: 1e-3, absolute: 1e-4 }

describe('TreeEnsembleRegressor', () => {
  test.each(AGGREGATES)('%s is what ONNX Runtime makes of it, with every transform', async (aggregate) => {
    for (const datatype of ['FP32', 'FP64'] as const)
      for (const transform of TRANSFORMS)
        for (const targets of [1, 3])
          for (const hasBase of [false, true]) {
            const model = regressor({ ...PLAIN, datatype, targets, aggregate, transform, hasBase })
            await expectAgreement(model, rowsOf(datatype, 40, 2), transform === 'PROBIT' ? STEEP : TOLERANCE)
          }
  })

  test.each([...ALL_MODES, 'all'])(
    'branches of mode %s go where ONNX Runtime goes, NaN and infinities too',
    async (mode) => {
      for (const datatype of ['FP32', 'FP64'] as const)
        for (const tracks of [false, true])
          for (const rows of ROWS) {
            const modes = mode === 'all' ? ALL_MODES : [mode]
            const shape = { seed: rows + 1, trees: 20, depth: 4, modes, tracks }
            const model = regressor({
              ...shape,
              datatype,
              targets: 1,
              aggregate: 'SUM',
              transform: 'NONE',
              hasBase: false,
            })
            await expectAgreement(model, rowsOf(datatype, rows, rows + 9), TOLERANCE)
          }
    },
  )

  test('trees of any shape and any rows agree with ONNX Runtime', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer({ min: 1 }),
          trees: fc.integer({ min: 1, max: MANY_TREES }),
          depth: fc.integer({ min: 0, max: 5 }),
          modes: fc.subarray(ALL_MODES, { minLength: 1 }),
          tracks: fc.boolean(),
          datatype: fc.constantFrom<Float>('FP32', 'FP64'),
          targets: fc.integer({ min: 1, max: 4 }),
          aggregate: fc.constantFrom(...AGGREGATES),
          transform: fc.constant('NONE'),
          hasBase: fc.boolean(),
        }),
        fc.integer({ min: 1, max: 60 }),
        async (options, rows) => {
          await expectAgreement(regressor(options), rowsOf(options.datatype, rows, options.seed), TOLERANCE)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('a row of too few features is refused at load where it is known, and an error of the run where it is not', async () => {
    const graph = (width: number | undefined): OnnxModel => {
      const { attributes } = regressor({
        ...PLAIN,
        datatype: 'FP32',
        targets: 1,
        aggregate: 'SUM',
        transform: 'NONE',
        hasBase: false,
      }).graph.nodes[0] as { attributes: ReadonlyMap<string, OnnxAttribute> }
      const builder = new GraphBuilder({ opsets: new Map([['ai.onnx.ml', 3]]) })
      const x = builder.input('x', 'FP32', [undefined, width])
      builder.output(
        builder.op('TreeEnsembleRegressor', [x], Object.fromEntries(attributes), {
          domain: 'ai.onnx.ml',
          outputs: ['out'],
        }),
        'FP32',
      )
      return builder.build()
    }
    expect(refusalOf(graph(2))).toContain('looks at feature 3 of rows of 2')
    await expect(
      runHost(graph(undefined), new Map([['x', floatTensor('FP32', [1, 2], [1, 2])]])),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('looks at feature 3 of rows of 2'),
    })
  })
})

interface Classifier extends Shape {
  readonly datatype: Float
  readonly classes: number
  /** The only class that has weights; undefined for all. */
  readonly only?: number
  readonly transform: string
  readonly base: number
  readonly sign: 'positive' | 'mixed'
  readonly labels: 'ints' | 'strings'
}

function classifier(options: Classifier): OnnxModel {
  const { datatype, classes, only, transform, base, sign, labels } = options
  const { attributes, leaves, count, random } = namedTrees(options)
  const thresholds = gridFloats(random, count, false)
  const ids = only === undefined ? Array.from({ length: classes }, (_class, id) => id) : [only]
  const weights = leaves.flatMap((leaf) => ids.map((id) => ({ ...leaf, id })))
  const scale = transform === 'PROBIT' ? 0.3 / options.trees : 1 / options.trees
  return graphOf(
    'TreeEnsembleClassifier',
    datatype,
    {
      ...attributes,
      ...listOf(datatype, 'nodes_values', thresholds),
      ...listOf(
        datatype,
        'class_weights',
        weights.map(() => (random() - (sign === 'mixed' ? 0.5 : 0)) * scale),
      ),
      ...(base > 0
        ? listOf(
            datatype,
            'base_values',
            Array.from({ length: base }, () => 0.1 + random() * 0.1),
          )
        : {}),
      class_treeids: ints(weights.map(({ tree }) => tree)),
      class_nodeids: ints(weights.map(({ node }) => node)),
      class_ids: ints(weights.map(({ id }) => id)),
      post_transform: string(transform),
      ...(labels === 'ints'
        ? { classlabels_int64s: ints([5, -7, 9].slice(0, classes)) }
        : { classlabels_strings: strings(['ash', 'birch', 'oak'].slice(0, classes)) }),
    },
    [
      ['label', labels === 'ints' ? 'INT64' : 'BYTES'],
      ['scores', 'FP32'],
    ],
  )
}

describe('TreeEnsembleClassifier', () => {
  test.each(TRANSFORMS)('of three classes answers as ONNX Runtime does, with %s', async (transform) => {
    for (const datatype of ['FP32', 'FP64'] as const)
      for (const base of [0, 3])
        for (const labels of ['ints', 'strings'] as const)
          for (const rows of [1, 40]) {
            const sign = transform === 'PROBIT' ? 'positive' : 'mixed'
            const model = classifier({ ...PLAIN, datatype, classes: 3, transform, base, sign, labels })
            await expectAgreement(model, rowsOf(datatype, rows, 5), transform === 'PROBIT' ? STEEP : TOLERANCE)
          }
  })

  test.each(TRANSFORMS)(
    'of two classes with weights for one answers as ONNX Runtime does, with %s',
    async (transform) => {
      for (const datatype of ['FP32', 'FP64'] as const)
        for (const only of [0, 1])
          for (const base of only === 0 ? [0, 1] : [0])
            for (const sign of ['positive', 'mixed'] as const)
              for (const labels of ['ints', 'strings'] as const) {
                if (transform === 'PROBIT') continue
                const model = classifier({ ...PLAIN, datatype, classes: 2, only, transform, base, sign, labels })
                await expectAgreement(model, rowsOf(datatype, 40, 6), TOLERANCE)
              }
    },
  )

  test('of many trees answers as ONNX Runtime does, by vectors and row by row', async () => {
    for (const datatype of ['FP32', 'FP64'] as const)
      for (const only of [0, 1, undefined])
        for (const rows of [1, 2, 16, 50]) {
          const modes = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT']
          const shape = { seed: rows, trees: MANY_TREES, depth: 5, modes, tracks: true }
          const classes = only === undefined ? 3 : 2
          const rest = { transform: 'LOGISTIC', base: 0, sign: 'mixed', labels: 'ints' } as const
          const model = classifier({ ...shape, ...rest, datatype, classes, ...(only === undefined ? {} : { only }) })
          await expectAgreement(model, rowsOf(datatype, rows, 5), TOLERANCE)
        }
  })

  test('a class that no leaf of a row speaks for does not win', async () => {
    // Two leaves, the left one for the second class alone, with less than the nothing that the first class has.
    const attributes: Attributes = {
      nodes_treeids: ints([0, 0, 0]),
      nodes_nodeids: ints([0, 1, 2]),
      nodes_featureids: ints([0, 0, 0]),
      nodes_truenodeids: ints([1, 0, 0]),
      nodes_falsenodeids: ints([2, 0, 0]),
      nodes_modes: strings(['BRANCH_LEQ', 'LEAF', 'LEAF']),
      nodes_values: floats([0, 0, 0]),
      class_treeids: ints([0, 0, 0]),
      class_nodeids: ints([1, 2, 2]),
      class_ids: ints([1, 0, 2]),
      class_weights: floats([-1, 2, 3]),
      classlabels_int64s: ints([5, -7, 9]),
    }
    const model = graphOf('TreeEnsembleClassifier', 'FP32', attributes, [
      ['label', 'INT64'],
      ['scores', 'FP32'],
    ])
    const x = floatTensor('FP32', [2, FEATURES], [-1, 0, 0, 0, 1, 0, 0, 0])
    const out = await expectAgreement(model, new Map([['x', x]]))
    expect(numbersOf(out, 'label')).toEqual([-7, 9])
  })

  test('whole numbers are compared as FP32, as ONNX Runtime does', async () => {
    const graph = new GraphBuilder({ opsets: new Map([['ai.onnx.ml', 3]]) })
    const options: Classifier = {
      ...PLAIN,
      depth: 1,
      datatype: 'FP32',
      classes: 3,
      transform: 'NONE',
      base: 0,
      sign: 'mixed',
      labels: 'ints',
    }
    const [node] = classifier(options).graph.nodes
    const attributes = new Map(node?.attributes)
    attributes.set('nodes_values', floats(Array.from({ length: 15 }, () => 2 ** 24)))
    const x = graph.input('x', 'INT64', [undefined, FEATURES])
    graph.node('TreeEnsembleClassifier', [x], Object.fromEntries(attributes), {
      domain: 'ai.onnx.ml',
      outputs: ['label', 'scores'],
    })
    graph.output('label', 'INT64')
    graph.output('scores', 'FP32')
    const values = [2n ** 24n - 1n, 2n ** 24n, 2n ** 24n + 1n, 2n ** 24n + 2n]
    const data = BigInt64Array.from(values.flatMap((value) => [value, value, value, value]))
    await expectAgreement(graph.build(), new Map([['x', { datatype: 'INT64', shape: [4, FEATURES], data }]]))
  })

  test('what engines answer oddly is refused with the reason', () => {
    const options: Classifier = {
      ...PLAIN,
      datatype: 'FP32',
      classes: 2,
      transform: 'NONE',
      base: 0,
      sign: 'mixed',
      labels: 'ints',
    }
    expect(refusalOf(classifier(options))).toContain('has weights for both of two classes')
    expect(refusalOf(classifier({ ...options, only: 1, base: 1 }))).toContain('has a base value, but no weights')
    expect(refusalOf(classifier({ ...options, only: 0, base: 2 }))).toContain('has 2 base values for two classes')
    expect(refusalOf(classifier({ ...options, only: 0, transform: 'PROBIT' }))).toContain('PROBIT')
    expect(refusalOf(classifier({ ...options, only: 0, classes: 1 }))).toContain('has one class')
  })
})

interface Ensemble extends Shape {
  readonly datatype: Float
  readonly targets: number
  readonly aggregate: number
  readonly transform: number
}

/** Complete trees of TreeEnsemble; of depth 0, the branch that leads to its one leaf either way. */
function ensemble({ seed, trees, depth, modes, tracks, datatype, targets, aggregate, transform }: Ensemble): OnnxModel {
  const random = randomFrom(seed)
  const names = [...ALL_MODES, 'BRANCH_MEMBER']
  const roots: number[] = []
  const [features, whenTrue, whenFalse, trueLeaf, falseLeaf, tracksTrue, kinds, targetIds, members]: number[][] = [
    [],
    [],
    [],
    [],
    [],
    [],
    [],
    [],
    [],
  ]
  let count = 0
  let leaves = 0
  for (let tree = 0; tree < trees; tree++) {
    const branches = Math.max(1, 2 ** depth - 1)
    roots.push(count)
    for (let node = 0; node < branches; node++) {
      const isLast = 2 * node + 1 >= branches
      const kind = names.indexOf(modes[Math.floor(random() * modes.length)] as string)
      kinds?.push(kind)
      if (kind === 6) {
        if ((members as number[]).length > 0) members?.push(Number.NaN)
        for (let i = 0; i < 1 + Math.floor(random() * 3); i++) members?.push(Math.round(random() * 4))
      }
      features?.push(Math.floor(random() * FEATURES))
      tracksTrue?.push(random() < 0.5 ? 1 : 0)
      trueLeaf?.push(isLast ? 1 : 0)
      falseLeaf?.push(isLast ? 1 : 0)
      whenTrue?.push(isLast ? leaves++ : count + 2 * node + 1)
      whenFalse?.push(isLast ? (depth === 0 ? leaves - 1 : leaves++) : count + 2 * node + 2)
    }
    count += branches
  }
  for (let leaf = 0; leaf < leaves; leaf++) targetIds?.push(Math.floor(random() * targets))
  const tensor = (values: readonly number[]): OnnxAttribute =>
    tensorAttribute(floatTensor(datatype, [values.length], values))
  const attributes: Attributes = {
    tree_roots: ints(roots),
    nodes_featureids: ints(features as number[]),
    nodes_truenodeids: ints(whenTrue as number[]),
    nodes_falsenodeids: ints(whenFalse as number[]),
    nodes_trueleafs: ints(trueLeaf as number[]),
    nodes_falseleafs: ints(falseLeaf as number[]),
    nodes_modes: tensorAttribute({ datatype: 'UINT8', shape: [count], data: Uint8Array.from(kinds as number[]) }),
    nodes_splits: tensor(gridFloats(random, count, false)),
    leaf_targetids: ints(targetIds as number[]),
    leaf_weights: tensor((targetIds as number[]).map(() => random() * 0.1)),
    n_targets: int(targets),
    aggregate_function: int(aggregate),
    post_transform: int(transform),
  }
  if (tracks) attributes['nodes_missing_value_tracks_true'] = ints(tracksTrue as number[])
  if ((members as number[]).length > 0) attributes['membership_values'] = tensor(members as number[])
  return graphOf('TreeEnsemble', datatype, attributes, [['out', datatype]], 5)
}

describe('TreeEnsemble', () => {
  test('each aggregate and transform is what ONNX Runtime makes of it', async () => {
    for (const datatype of ['FP32', 'FP64'] as const)
      for (const aggregate of AGGREGATES.keys())
        for (const transform of [0, 3, 4])
          for (const targets of [1, 3]) {
            const model = ensemble({ ...PLAIN, datatype, targets, aggregate, transform })
            const isSteep = TRANSFORMS[transform] === 'PROBIT'
            await expectAgreement(model, rowsOf(datatype, 40, 2), isSteep ? STEEP : transform === 0 ? {} : TOLERANCE)
          }
  })

  test('trees of any shape, with or without NaN, agree with ONNX Runtime, FP64 to the last bits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer({ min: 1 }),
          trees: fc.integer({ min: 1, max: MANY_TREES }),
          depth: fc.integer({ min: 0, max: 5 }),
          modes: fc.subarray(ALL_MODES, { minLength: 1 }),
          tracks: fc.boolean(),
          datatype: fc.constantFrom<Float>('FP32', 'FP64'),
          targets: fc.integer({ min: 1, max: 4 }),
          aggregate: fc.constantFrom(0, 1, 2, 3),
          transform: fc.constant(0),
        }),
        fc.integer({ min: 1, max: 60 }),
        async (options, rows) => {
          await expectAgreement(ensemble(options), rowsOf(options.datatype, rows, options.seed))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('membership branches go where ONNX Runtime goes', async () => {
    for (const datatype of ['FP32', 'FP64'] as const)
      for (const seed of [1, 2, 3, 4, 5]) {
        const shape = { seed, trees: 5, depth: 4, modes: ['BRANCH_MEMBER', 'BRANCH_LEQ'], tracks: false }
        const values = randomFloats(randomFrom(seed), 40 * FEATURES, false).map((value) => Math.abs(Math.round(value)))
        await expectAgreement(
          ensemble({ ...shape, datatype, targets: 1, aggregate: 1, transform: 0 }),
          new Map([['x', floatTensor(datatype, [40, FEATURES], values)]]),
        )
      }
  })

  test('the transforms whose numbers engines confuse are refused', () => {
    for (const transform of [1, 2]) {
      const model = ensemble({ ...PLAIN, datatype: 'FP64', targets: 3, aggregate: 1, transform })
      expect(refusalOf(model)).toContain(`${TRANSFORMS[transform]}, whose number`)
    }
  })

  test('a membership branch without members is refused', () => {
    const shape = {
      ...PLAIN,
      trees: 1,
      depth: 1,
      modes: ['BRANCH_MEMBER'],
      datatype: 'FP32',
      targets: 1,
      aggregate: 1,
      transform: 0,
    } as const
    const { graph, ...model } = ensemble(shape)
    const nodes = graph.nodes.map((node) => {
      const attributes = new Map(node.attributes)
      attributes.set('membership_values', tensorAttribute(floatTensor('FP32', [1], [Number.NaN])))
      return { ...node, attributes }
    })
    expect(refusalOf({ ...model, graph: { ...graph, nodes } })).toContain('has a membership branch without members')
  })

  test('a forest deeper than any stack is walked', async () => {
    const depth = 4000
    const attributes: Attributes = {
      tree_roots: ints([0]),
      nodes_featureids: ints(Array.from({ length: depth }, () => 0)),
      nodes_truenodeids: ints(Array.from({ length: depth }, (_node, i) => i)),
      nodes_falsenodeids: ints(Array.from({ length: depth }, (_node, i) => (i === depth - 1 ? depth : i + 1))),
      nodes_trueleafs: ints(Array.from({ length: depth }, () => 1)),
      nodes_falseleafs: ints(Array.from({ length: depth }, (_node, i) => (i === depth - 1 ? 1 : 0))),
      nodes_modes: tensorAttribute({ datatype: 'UINT8', shape: [depth], data: new Uint8Array(depth) }),
      nodes_splits: tensorAttribute(
        floatTensor(
          'FP64',
          [depth],
          Array.from({ length: depth }, (_node, i) => i),
        ),
      ),
      leaf_targetids: ints(Array.from({ length: depth + 1 }, () => 0)),
      leaf_weights: tensorAttribute(
        floatTensor(
          'FP64',
          [depth + 1],
          Array.from({ length: depth + 1 }, (_leaf, i) => i),
        ),
      ),
      n_targets: int(1),
    }
    const model = graphOf('TreeEnsemble', 'FP64', attributes, [['out', 'FP64']], 5)
    const values = [-1, 0, 0, 0, 1999.5, 0, 0, 0, Number.NaN, 0, 0, 0]
    const out = await runHost(model, new Map([['x', floatTensor('FP64', [3, FEATURES], values)]]))
    expect(numbersOf(out, 'out')).toEqual([0, 2000, 4000])
  })
})
