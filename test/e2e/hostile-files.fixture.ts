/** Files that somebody made to run code, to take a machine's memory or time, or to have a reader go astray. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { makeTar } from '../../src/formats/archives/tar.fixture.ts'
import { makeZip } from '../../src/formats/archives/zip.fixture.ts'
import { readZip } from '../../src/formats/archives/zip.ts'

export interface HostileFile {
  readonly name: string
  readonly content: Uint8Array
  /** Whether it is only strange: its own library may make something of it. */
  readonly isOnlyStrange?: boolean
  /** Whether what is wrong with it changes no answer: it may be compiled. */
  readonly isHarmless?: boolean
}

const MODELS = join(import.meta.dirname, '../models')
const PICKLES = join(import.meta.dirname, '../../src/formats/python/fixtures')
const demo = (name: string) => readFileSync(join(MODELS, 'demo', name))
const recorded = (path: string) => readFileSync(join(MODELS, 'fixtures', path))

/** A path that is made if the code of one of these files runs. */
export const CANARY = '/tmp/slipway-hostile-canary'

/** What becomes of each file is said in its name. */
export function hostileFiles(): HostileFile[] {
  return [...pickles(), ...claims(), ...bombs(), ...archives(), ...trees(), ...boosters(), ...networks(), ...others()]
}

type Part = string | Uint8Array | bigint | number

function bytes(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1')
      if (typeof part === 'number') return Buffer.from([part])
      if (typeof part !== 'bigint') return Buffer.from(part)
      const word = Buffer.alloc(8)
      word.writeBigUInt64LE(BigInt.asUintN(64, part))
      return word
    }),
  )
}

const text = (value: string) => bytes('\x8c', value.length, value)
const named = (module: string, name: string) => bytes(text(module), text(name), '\x93')
const pickle = (...parts: readonly Part[]) => bytes('\x80\x04', ...parts, '.')
const TOUCH = `touch ${CANARY}`

function pickles(): HostileFile[] {
  const system = bytes(named('os', 'system'), text(TOUCH), '\x85R')
  const honest = demo('iris_logreg.pkl')
  const evil = readdirSync(join(MODELS, 'fixtures/evil'))
  return [
    { name: 'system.pkl', content: pickle(system) },
    { name: 'system-in-onnx.onnx', content: pickle(system) },
    { name: 'system-in-safetensors.safetensors', content: pickle(system) },
    { name: 'system-by-inst.pkl', content: bytes(`(S'${TOUCH}'\nios\nsystem\n.`) },
    { name: 'system-by-obj.pkl', content: bytes(`\x80\x02(cos\nsystem\nU`, TOUCH.length, TOUCH, 'o.') },
    { name: 'system-thrown-away.pkl', content: bytes(honest.subarray(0, -1), system, '0.') },
    { name: 'system-without-stop.pkl', content: bytes('\x80\x04', system) },
    { name: 'system-in-the-second.pkl', content: bytes(honest, pickle(system)) },
    { name: 'two-pickles.pkl', content: bytes(honest, honest) },
    { name: 'dotted.pkl', content: pickle(named('sklearn.base', 'os.system'), text(TOUCH), '\x85R') },
    { name: 'eval.pkl', content: pickle(named('builtins', 'eval'), text('1'), '\x85R') },
    { name: 'getattr.pkl', content: pickle(named('builtins', 'getattr'), named('os', 'path'), text('x'), '\x86R') },
    { name: 'extension-code.pkl', content: pickle('\x82\x01') },
    { name: 'persistent-id.pkl', content: pickle(text('x'), 'Q') },
    { name: 'nested.pkl', content: pickle(']'.repeat(200_000), 'a'.repeat(199_999)) },
    { name: 'marks.pkl', content: pickle('('.repeat(500_000)) },
    { name: 'doubling.pkl', content: pickle(text('ha'), '2\x86'.repeat(400)), isOnlyStrange: true },
    // a fitted scaler, and thirty times FeatureUnion([('a', it), ('b', it)]): a billion scalers
    { name: 'unions-of-unions.pkl', content: readFileSync(join(PICKLES, 'unions-of-unions.pkl')) },
    { name: 'contains-itself.pkl', content: pickle(']\x94h\x00a'), isOnlyStrange: true },
    { name: 'memo-far-away.pkl', content: pickle('Nr\xff\xff\xff\xff0j\xff\xff\xff\xff'), isOnlyStrange: true },
    { name: 'half.pkl', content: honest.subarray(0, 700) },
    { name: 'half.joblib', content: demo('fraud_pipeline_gb.joblib').subarray(0, 20_000) },
    { name: 'half-of-raw.joblib', content: recorded('1.9.1/joblib_raw/model.joblib').subarray(0, 4_000) },
    { name: 'honest-in-onnx.onnx', content: honest },
    { name: 'honest-in-pt2.pt2', content: honest },
    { name: 'zip-behind.pkl', content: bytes(honest, makeZip([{ name: 'x', content: 'x' }])) },
    ...evil.map((each) => {
      const file = readdirSync(join(MODELS, 'fixtures/evil', each)).find((one) => one.startsWith('model.')) ?? ''
      return {
        name: `${each}${file.slice('model'.length)}`,
        content: recorded(`evil/${each}/${file}`),
        isOnlyStrange: each.includes('laughs'),
      }
    }),
  ]
}

/** Sizes that nothing stands behind. */
function claims(): HostileFile[] {
  const huge = 2n ** 60n
  const array = (shape: Buffer, code = 'f8') =>
    pickle(
      named('numpy._core.multiarray', '_reconstruct'),
      named('numpy', 'ndarray'),
      bytes('K\x00\x85C\x01b\x87R'),
      bytes('(K\x01', shape),
      bytes(
        named('numpy', 'dtype'),
        text(code),
        '\x89\x88\x87R(K\x03',
        text('<'),
        'NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb',
      ),
      bytes('\x89C\x08', 0n, 'tb'),
    )
  return [
    { name: 'frame.pkl', content: bytes('\x80\x04\x95', huge, 'N.') },
    { name: 'bytes.pkl', content: pickle('\x8e', huge, 'x') },
    { name: 'bytes-beyond-numbers.pkl', content: pickle('\x8e', -1n, 'x') },
    { name: 'bytearray.pkl', content: bytes('\x80\x05\x96', huge, 'x.') },
    { name: 'text.pkl', content: pickle('\x8d', huge, 'x') },
    { name: 'long.pkl', content: pickle('\x8b\xff\xff\xff\xff') },
    { name: 'long-text.pkl', content: bytes(`L${'9'.repeat(300_000)}L\n.`), isOnlyStrange: true },
    {
      name: 'array-shape.pkl',
      content: array(bytes('\x8a\x06', 0, 0, 0, 0, 0, 1, '\x8a\x06', 0, 0, 0, 0, 0, 1, '\x86')),
    },
    { name: 'array-negative.pkl', content: array(bytes('J\xff\xff\xff\xff\x85')) },
    { name: 'array-of-what.pkl', content: array(bytes('K\x01\x85'), 'zz'), isOnlyStrange: true },
    { name: 'header.safetensors', content: bytes(2n ** 62n, '{}') },
    {
      name: 'offsets.safetensors',
      content: safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999]}}'),
    },
    {
      name: 'shape.safetensors',
      content: safetensors('{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}'),
    },
    {
      name: 'claims.npy',
      content: npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999), }"),
    },
    {
      name: 'objects.npy',
      content: npy(
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        pickle(named('os', 'system'), text(TOUCH), '\x85R'),
      ),
    },
    {
      name: 'arrays.npz',
      content: makeZip([
        { name: 'a.npy', content: npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(0n)) },
      ]),
    },
  ]
}

function safetensors(header: string): Buffer {
  return bytes(BigInt(header.length), header, '\0\0\0\0')
}

function npy(header: string, content: Uint8Array = Buffer.alloc(8)): Buffer {
  const padded = `${header.padEnd(117)}\n`
  return bytes('\x93NUMPY\x01\x00', padded.length & 255, padded.length >> 8, padded, content)
}

const BOMB_BYTES = 192 * 2 ** 20

/** Little that unpacks to much. */
function bombs(): HostileFile[] {
  const nothing = Buffer.alloc(BOMB_BYTES, 'N0', 'latin1')
  nothing.write('\x80\x04', 0, 'latin1')
  const zeros = Buffer.alloc(BOMB_BYTES)
  const tar = makeTar([{ name: 'model.onnx', content: zeros }])
  return [
    { name: 'gzip-bomb.joblib', content: gzipSync(nothing, { level: 1 }) },
    { name: 'zlib-bomb.joblib', content: deflateSync(nothing, { level: 1 }) },
    { name: 'gzip-in-gzip.joblib', content: gzipSync(gzipSync(zeros, { level: 1 })) },
    { name: 'bomb.zip', content: makeZip([{ name: 'model.onnx', content: zeros, isDeflated: true }]) },
    { name: 'bomb.tar.gz', content: gzipSync(tar, { level: 1 }) },
    {
      name: 'says-less.zip',
      content: makeZip([{ name: 'model.onnx', content: zeros.subarray(0, 2 ** 22), isDeflated: true, sizeBytes: 10 }]),
    },
    { name: 'many.zip', content: makeZip(Array.from({ length: 60_000 }, (_, i) => ({ name: `f${i}`, content: '' }))) },
    { name: 'many-claimed.zip', content: makeZip([{ name: 'x', content: 'x' }], { entries: 65_000 }) },
  ]
}

function archives(): HostileFile[] {
  const model = demo('iris_logreg.pkl')
  const zip = (...names: readonly string[]) => makeZip(names.map((name) => ({ name, content: model })))
  const tar = (name: string, type = '0') => makeTar([{ name, content: type === '0' ? model : '', type }])
  return [
    { name: 'up.zip', content: zip('../../escaped.pkl') },
    { name: 'root.zip', content: zip('/tmp/escaped.pkl') },
    { name: 'drive.zip', content: zip('C:\\escaped.pkl') },
    { name: 'twice.zip', content: zip('model.pkl', 'model.pkl') },
    { name: 'twice-in-case.zip', content: zip('model.pkl', 'MODEL.pkl') },
    { name: 'two-models.zip', content: zip('a.pkl', 'b.pkl') },
    { name: 'link.zip', content: makeZip([{ name: 'model.pkl', content: '/etc/passwd', mode: 0o120_777 }]) },
    { name: 'other-name.zip', content: makeZip([{ name: 'model.pkl', localName: 'other.pkl', content: model }]) },
    { name: 'wrong-check.zip', content: makeZip([{ name: 'model.pkl', content: model, crc: 1 }]) },
    { name: 'encrypted.zip', content: makeZip([{ name: 'model.pkl', content: model, flags: 1 }]) },
    { name: 'inside.zip', content: makeZip([{ name: 'inner.zip', content: zip('model.pkl') }]) },
    {
      name: 'evil-inside.zip',
      content: makeZip([{ name: 'model.pkl', content: pickle(named('os', 'system'), text(TOUCH), '\x85R') }]),
    },
    {
      name: 'mlflow-up.zip',
      content: makeZip([
        { name: 'MLmodel', content: 'flavors:\n  sklearn:\n    pickled_model: ../../../etc/passwd\n' },
      ]),
    },
    { name: 'empty.zip', content: makeZip([]) },
    { name: 'half.zip', content: zip('model.pkl').subarray(0, 900) },
    { name: 'up.tar', content: tar('../../escaped.pkl') },
    { name: 'root.tar', content: tar('/tmp/escaped.pkl') },
    ...['1', '2', '3', '4', '6', '7'].map((type) => ({ name: `type-${type}.tar`, content: tar('model.pkl', type) })),
    { name: 'up.tar.gz', content: gzipSync(tar('../../escaped.pkl')) },
    { name: 'device.tar.gz', content: gzipSync(tar('model.pkl', '3')) },
    { name: 'huge-size.tar', content: makeTar([{ name: 'model.pkl', content: 'x', sizeBytes: 8 ** 11 - 1 }]) },
  ]
}

/** Where the nodes of the first tree with some nodes begin, in a pickle that is not compressed. */
function firstNodes(file: Buffer): number {
  const long = (at: number) => Number(file.readBigInt64LE(at))
  for (let at = 0; at + 192 < file.length; at++)
    if (
      long(at) === 1 &&
      long(at + 8) > 2 &&
      long(at + 8) < 1000 &&
      long(at + 16) >= 0 &&
      long(at + 16) < 64 &&
      long(at + 64) === 2
    )
      return at
  throw new Error('there is no tree in the file; this is a bug')
}

/** Trees whose nodes lead nowhere, or round and round. */
function trees(): HostileFile[] {
  const forest = recorded('1.9.1/rf_clf_int/model.pkl')
  const at = firstNodes(forest)
  const changed = (name: string, offset: number, value: bigint) => {
    const content = Buffer.from(forest)
    content.writeBigInt64LE(value, at + offset)
    return { name: `tree-${name}.pkl`, content }
  }
  return [
    changed('cycle-to-root', 64, 0n),
    changed('cycle-to-itself', 64, 1n),
    changed('child-beyond', 8, 1_000_000n),
    changed('child-far-beyond', 8, 2n ** 62n),
    changed('child-negative', 8, -7n),
    // whatever stands to its right, scikit-learn takes a node without a left child for a leaf
    { ...changed('one-child', 0, -1n), isHarmless: true },
    changed('shared-child', 8, 1n),
    changed('feature-beyond', 16, 1_000n),
    changed('feature-far-beyond', 16, 2n ** 40n),
    changed('feature-negative', 16, -5n),
  ]
}

function boosters(): HostileFile[] {
  const json = XGBOOST
  const lightgbm = recorded('1.9.1/lgbm_native_txt/model.txt').toString('latin1')
  const first = (source: string, pattern: RegExp, by: string) => {
    if (!pattern.test(source)) throw new Error(`${pattern} is not in the file; this is a bug`)
    return Buffer.from(source.replace(pattern, by), 'latin1')
  }
  const xgboost = (name: string, pattern: RegExp, by: string) => ({
    name: `xgboost-${name}.json`,
    content: first(json, pattern, by),
  })
  const text = (name: string, pattern: RegExp, by: string) => ({
    name: `lightgbm-${name}.txt`,
    content: first(lightgbm, pattern, by),
  })
  return [
    xgboost('cycle', /"left_children":\[1/, '"left_children":[0'),
    xgboost('child-beyond', /"left_children":\[1/, '"left_children":[2000000000'),
    xgboost('child-negative', /"right_children":\[2/, '"right_children":[-2'),
    xgboost('feature-beyond', /"split_indices":\[0/, '"split_indices":[2000000000'),
    xgboost('class-beyond', /"tree_info":\[0/, '"tree_info":[77'),
    { ...xgboost('trees-claimed', /"num_trees":"1"/, '"num_trees":"2000000000"'), isHarmless: true },
    { ...xgboost('nodes-claimed', /"num_nodes":"3"/, '"num_nodes":"2000000000"'), isHarmless: true },
    xgboost('features-claimed', /"num_feature":"2","num_target"/, '"num_feature":"99999999999999999999","num_target"'),
    xgboost('classes-claimed', /"num_class":"0"/, '"num_class":"2000000000"'),
    xgboost('prototype', /"learner":/, '"__proto__":{"a":1},"learner":'),
    xgboost('cut', /"weight_drop".*/s, ''),
    { name: 'xgboost-nested.json', content: Buffer.from(`{"learner":{"a":${'['.repeat(200_000)}`) },
    { name: 'xgboost-count.ubj', content: bytes('{L', swap(7n), 'learner[$d#L', swap(2n ** 62n)) },
    { name: 'xgboost-nested.ubj', content: bytes('{L', swap(7n), 'learner', '['.repeat(200_000)) },
    text('count-negative', /num_leaves=\d+/, 'num_leaves=-5'),
    text('count-claimed', /num_leaves=\d+/, 'num_leaves=2000000000'),
    text('cycle', /left_child=\S+/, 'left_child=0'),
    text('child-beyond', /right_child=\S+/, 'right_child=2000000000'),
    text('feature-beyond', /split_feature=\d+/, 'split_feature=2000000000'),
    text('feature-negative', /split_feature=\d+/, 'split_feature=-3'),
    text('classes-claimed', /num_tree_per_iteration=\d+/, 'num_tree_per_iteration=2000000000'),
    text('features-claimed', /max_feature_idx=\d+/, 'max_feature_idx=4000000000'),
    text('no-number', /threshold=\S+/, 'threshold=x'),
    text('cut', /end of trees.*/s, ''),
  ]
}

function swap(value: bigint): Buffer {
  return Buffer.from(bytes(value)).reverse()
}

function networks(): HostileFile[] {
  const exported = (path: RegExp, change: (content: string) => string) =>
    repacked(demo('digits_cnn.pt2'), path, (content) => Buffer.from(change(content.toString('latin1')), 'latin1'))
  const weights = /model_weights_config\.json$/
  const graph = /models\/model\.json$/
  const saved = readFileSync(join(MODELS, 'fixtures/torch/mlp_bn/state.pt'))
  return [
    {
      name: 'weights-beyond.pt2',
      content: exported(weights, (json) => json.replace(/"as_int":\s*\d+/, '"as_int": 999999999')),
    },
    {
      name: 'weights-stride.pt2',
      content: exported(weights, (json) =>
        json.replace(/("strides":\s*\[\s*\{\s*"as_int":\s*)\d+/, '$14611686018427387904'),
      ),
    },
    {
      name: 'weights-offset.pt2',
      content: exported(weights, (json) => json.replace(/("storage_offset":\s*\{\s*"as_int":\s*)\d+/, '$1-8')),
    },
    { name: 'weights-elsewhere.pt2', content: exported(weights, (json) => json.replace('weight_0', '../../weight_0')) },
    {
      name: 'weights-pickled.pt2',
      content: exported(weights, (json) => json.replace(/"use_pickle":\s*false/, '"use_pickle": true')),
    },
    { name: 'graph-nested.pt2', content: exported(graph, () => `{"graph_module":${'['.repeat(200_000)}`) },
    { name: 'graph-of-what.pt2', content: exported(graph, () => '[]') },
    { name: 'graph-unnamed.pt2', content: exported(graph, (json) => json.replace('"name"', '"nom"')) },
    { name: 'half.pt2', content: demo('digits_cnn.pt2').subarray(0, 300_000) },
    {
      name: 'evil-pickle.pt',
      content: repacked(saved, /data\.pkl$/, () => pickle(named('os', 'system'), text(TOUCH), '\x85R')),
    },
    { name: 'storage-cut.pt', content: repacked(saved, /data\/0$/, () => Buffer.alloc(1)) },
    {
      name: 'code.pt',
      content: repacked(demo('digits_cnn_torchscript.pt'), /code\/__torch__.*\.py$/, () =>
        Buffer.from('import os\nos.system("x")\n'),
      ),
    },
    {
      name: 'code-nested.pt',
      content: repacked(demo('digits_cnn_torchscript.pt'), /code\/__torch__.*\.py$/, () =>
        Buffer.from(`x = ${'('.repeat(200_000)}`),
      ),
    },
    {
      name: 'native.pt2',
      content: makeZip([
        { name: 'm/archive_format', content: 'pt2' },
        { name: 'm/data/aotinductor/model/a.so', content: '\x7fELF' },
      ]),
    },
  ]
}

/** An archive with some of its files changed. */
function repacked(archive: Uint8Array, path: RegExp, change: (content: Buffer) => Uint8Array): Buffer {
  const { entries, read } = readZip(archive, { maxBytes: 2 ** 30 })
  const names = [...entries.keys()]
  if (!names.some((name) => path.test(name))) throw new Error(`${path} is not in the archive; this is a bug`)
  return makeZip(
    names.map((name) => ({ name, content: path.test(name) ? change(Buffer.from(read(name))) : read(name) })),
  )
}

function others(): HostileFile[] {
  return [
    { name: 'empty.onnx', content: Buffer.alloc(0) },
    { name: 'zeros.onnx', content: Buffer.alloc(100_000) },
    { name: 'length.onnx', content: bytes(8, 9, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f) },
    { name: 'machine.onnx', content: bytes('\x7fELF', Buffer.alloc(500)) },
    { name: 'text.pkl.onnx', content: Buffer.from('GET / HTTP/1.1\r\n') },
    {
      name: 'pipeline-up.pipeline.json',
      content: Buffer.from('{"slipwayPipeline":1,"steps":[{"model":"../../../etc/passwd"}]}'),
    },
    {
      name: 'pipeline-nested.pipeline.json',
      content: Buffer.from(`{"slipwayPipeline":1,"steps":${'['.repeat(200_000)}`),
    },
  ]
}

/** One tree of XGBoost over two features: small enough to be read by people. */
const XGBOOST = JSON.stringify({
  learner: {
    attributes: {},
    feature_names: [],
    feature_types: [],
    gradient_booster: {
      model: {
        gbtree_model_param: { num_parallel_tree: '1', num_trees: '1' },
        iteration_indptr: [0, 1],
        tree_info: [0],
        trees: [
          {
            base_weights: [0, -0.5, 0.5],
            categories: [],
            categories_nodes: [],
            categories_segments: [],
            categories_sizes: [],
            default_left: [0, 0, 0],
            id: 0,
            left_children: [1, -1, -1],
            loss_changes: [1, 0, 0],
            parents: [2147483647, 0, 0],
            right_children: [2, -1, -1],
            split_conditions: [0.5, -0.5, 0.5],
            split_indices: [0, 0, 0],
            split_type: [0, 0, 0],
            sum_hessian: [4, 2, 2],
            tree_param: { num_deleted: '0', num_feature: '2', num_nodes: '3', size_leaf_vector: '1' },
          },
        ],
      },
      name: 'gbtree',
    },
    learner_model_param: {
      base_score: '5E-1',
      boost_from_average: '1',
      num_class: '0',
      num_feature: '2',
      num_target: '1',
    },
    objective: { name: 'reg:squarederror', reg_loss_param: { scale_pos_weight: '1' } },
  },
  version: [3, 2, 0],
  weight_drop: [],
})
