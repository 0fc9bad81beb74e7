import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { externalModel, sequenceModel } from '../../test/support/models.ts'
import { makeTar } from '../formats/archives/tar.fixture.ts'
import { makeZip } from '../formats/archives/zip.fixture.ts'
import { packBundle } from '../bundle/pack.ts'
import { sampleBundle } from '../bundle/sample-bundle.fixture.ts'
import { BundleStore } from '../bundle/store.ts'
import type { InspectedFolder } from '../server/inspect-folder.ts'
import { describeFolder } from './describe-folder.ts'
import { describeFile } from './inspect.ts'
import { runHere } from './testing.fixture.ts'

const FRAUD = 'examples/fraud/fraud.onnx'
const DEMO = 'test/models/demo'
const FIXTURES = 'test/models/fixtures'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-inspect-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function put(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

async function makeFolder(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true })
    await writeFile(join(folder, name, path), content)
  }
  return join(folder, name)
}

/** What `slipway inspect --json` says. */
async function inspect(path: string): Promise<{ code: number; document: Record<string, unknown> }> {
  const { code, stdout } = await runHere(['inspect', path, '--json'])
  return { code, document: JSON.parse(stdout) as Record<string, unknown> }
}

describe('slipway inspect', () => {
  test('tells what is in an ONNX file', async () => {
    expect(await inspect(FRAUD)).toMatchObject({
      code: 0,
      document: {
        file: 'fraud.onnx',
        format: 'onnx',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        verdict: 'compiled',
        graph: {
          producer: 'slipway',
          operators: expect.objectContaining({ MatMul: 1, Sigmoid: 1 }),
          inputs: ['X FP64 [rows, 10]'],
          outputs: ['predict INT64 [rows]', 'predict_proba FP64 [rows, 2]'],
        },
      },
    })
    const { code, stdout } = await runHere(['inspect', FRAUD])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^file {6}fraud.onnx \(an ONNX model, .*\)\nsha256 {4}[0-9a-f]{64}\n[^]*\nverdict {3}compiled\n$/,
    )
  })

  test('reads the weights beside an ONNX file, and tells the graph where they are missing', async () => {
    const { model, weights } = externalModel()
    const path = await put('external.onnx', model)
    expect(await inspect(path)).toMatchObject({
      code: 3,
      document: { verdict: 'refused', error: { code: 'not_found' }, graph: { operators: { MatMul: 1, Add: 1 } } },
    })
    await put('weights.bin', weights)
    expect(await inspect(path)).toMatchObject({ code: 0, document: { verdict: 'compiled' } })
  })

  test('tells what is in a bundle, in a folder or packed', async () => {
    const { manifest, digest, files } = sampleBundle({ more: 'x' })
    const unpacked = await new BundleStore(join(folder, 'store')).put(sampleBundle({ more: 'x' }))
    const packed = await put('any name at all', await packBundle(files))
    for (const path of [unpacked, packed]) {
      const { code, document } = await inspect(path)
      expect(code).toBe(0)
      expect(document).toMatchObject({ verdict: 'compiled', kind: 'bundle', name: 'sample', digest })
      expect(document).toMatchObject({ signature: manifest.signature, files: manifest.files })
      expect((await runHere(['inspect', path])).stdout).toContain(`\nversion   ${digest}\n`)
    }
  })

  test.each<[string, Uint8Array | string, string, string, string]>([
    ['a pickle', Buffer.from('\x80\x04\x95junk', 'latin1'), 'pickle', 'refused', 'damaged or was tampered with'],
    ['gzip of junk', gzipSync('junk'), 'packed', 'unsupported', 'a compressed file that holds neither'],
    ['half of gzip', gzipSync('junk').subarray(0, 15), 'packed', 'unsupported', 'or is damaged'],
    ['text', 'amount,hour\n', 'text', 'unsupported', 'is text'],
    ['nothing', '', 'empty', 'unsupported', 'is an empty file'],
    ['an ONNX file cut short', Uint8Array.of(8, 9, 0x3a, 100, 1), 'onnx', 'refused', ''],
    ['a model that cannot be served', sequenceModel(), 'onnx', 'unsupported', 'output "y" is a sequence'],
  ])('describes a file that it refuses: %s', async (_what, content, format, code, message) => {
    const path = await put('refused', content)
    expect(await inspect(path)).toMatchObject({
      code: 3,
      document: {
        file: 'refused',
        format,
        sizeBytes: Buffer.from(content as string).length,
        verdict: 'refused',
        error: { code, message: expect.stringContaining(message) },
      },
    })
    const ran = await runHere(['inspect', path])
    expect(ran.code).toBe(3)
    expect(ran.stdout).toMatch(/^file {6}refused [^]*\nverdict {3}refused: /)
  })

  test('tells what a pickle names and holds, without running it', async () => {
    const { code, document } = await inspect(`${DEMO}/iris_logreg.pkl`)
    expect(code).toBe(0)
    expect(document).toMatchObject({
      verdict: 'compiled',
      python: {
        isJoblib: false,
        protocol: 4,
        objects: [
          {
            class: 'sklearn.pipeline.Pipeline',
            inside: [
              {
                role: 'steps[0] "standardscaler"',
                parameters: { with_mean: 'True' },
                learned: { n_features_in_: '4' },
              },
              { role: 'steps[1] "logisticregression"', class: 'sklearn.linear_model._logistic.LogisticRegression' },
            ],
          },
        ],
      },
      signature: { outputs: expect.arrayContaining(['predict BYTES [-1]']) },
    })
    const { globals } = document['python'] as { globals: { name: string; verdict: string }[] }
    expect(globals).toContainEqual({ name: 'sklearn.pipeline.Pipeline', offset: expect.any(Number), verdict: 'data' })
    const packed = await runHere(['inspect', `${DEMO}/fraud_pipeline_gb.joblib`])
    expect(packed.stdout).toMatch(/\nwritten {3}by Python \(joblib, protocol 4, zlib\)\nnames {5}25: 0 dangerous, /)
    expect(packed.stdout).toMatch(/ {14}transformers_\[1\] "cat": sklearn\.preprocessing\._encoders\.OneHotEncoder\n/)
    expect(packed.stdout).toMatch(/… and 75 more like it\n/)
  })

  test('names what is dangerous in a pickle, at its byte', async () => {
    const path = `${FIXTURES}/evil/evil_os_system/model.pkl`
    const { code, document } = await inspect(path)
    expect(code).toBe(3)
    expect(document).toMatchObject({ verdict: 'refused', error: { code: 'refused' } })
    const { globals } = document['python'] as { globals: { name: string; offset: number; verdict: string }[] }
    expect(globals.filter(({ verdict }) => verdict === 'dangerous')).toEqual([
      { name: expect.stringMatching(/^(os|posix)\.system$/), offset: expect.any(Number), verdict: 'dangerous' },
    ])
    expect((await runHere(['inspect', path])).stdout).toMatch(/\nDANGER {4}(os|posix)\.system at byte \d+\n/)
  })

  test('leaves a class of the user to Python, and refuses half of a file', async () => {
    const own = await inspect(`${FIXTURES}/1.9.1/custom_class_main/model.pkl`)
    expect(own).toMatchObject({ code: 0, document: { verdict: 'needs-python', error: { code: 'unsupported' } } })
    expect(JSON.stringify(own.document['python'])).toContain('__main__.')
    const whole = await readFile(`${FIXTURES}/1.9.1/pickle_proto2/model.pkl`)
    const { code, document } = await inspect(await put('half.pkl', whole.subarray(0, whole.length >> 1)))
    expect(code).toBe(3)
    expect(document).toMatchObject({ verdict: 'refused', python: { objects: [] } })
    expect(JSON.stringify(document['python'])).toContain('"name":"sklearn.')
  })

  test('tells the operators and parameters of networks, and the tensors of weights', async () => {
    const sizes = { tensors: 6, parameters: 9930, sizeBytes: 39_720 }
    const exported = await inspect(`${DEMO}/digits_cnn.pt2`)
    expect(exported.document).toMatchObject({
      contents: [{ kind: 'torch', form: 'torch.export', operators: { 'aten.conv2d.default': 2 }, ...sizes }],
    })
    const script = await inspect(`${DEMO}/digits_cnn_torchscript.pt`)
    expect(script.document).toMatchObject({
      contents: [{ kind: 'torch', form: 'TorchScript', operators: { 'torch.relu': 2, 'torch.flatten': 1 }, ...sizes }],
    })
    const { code, document } = await inspect(`${DEMO}/digits_cnn_weights_only.pt`)
    expect(code).toBe(3)
    expect(document).toMatchObject({
      contents: [
        {
          kind: 'tensors',
          count: 6,
          parameters: 9930,
          sizeBytes: 39_720,
          advice: expect.stringContaining('torch.export.save'),
        },
      ],
    })
    const { stdout } = await runHere(['inspect', `${DEMO}/digits_cnn_weights_only.pt`])
    expect(stdout).toMatch(/\n {10}0\.weight FP32 \[16, 1, 3, 3\]\n[^]*\nlooks {5}like a convolutional network/)
    const header = '{"layer1.0.conv1.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    const weights = await put('w.safetensors', Buffer.concat([length, Buffer.from(header), Buffer.alloc(4)]))
    expect((await runHere(['inspect', weights])).stdout).toMatch(
      /\nholds {5}1 tensors with 1 numbers \(4 B\)\n {10}layer1\.0\.conv1\.weight F32 \[1\]\nlooks {5}like a ResNet-like .*\nadvice {4}load them/,
    )
  })

  test('tells the trees of boosters, the files of archives and the arrays of .npz', async () => {
    expect((await inspect(`${FIXTURES}/1.9.1/xgb_native_json/model.json`)).document).toMatchObject({
      contents: [{ kind: 'trees', library: 'XGBoost', objective: expect.any(String), trees: expect.any(Number) }],
    })
    const lightgbm = `${FIXTURES}/1.9.1/lgbm_native_txt/model.txt`
    expect((await inspect(lightgbm)).document).toMatchObject({
      contents: [{ kind: 'trees', library: 'LightGBM', version: 'v4', features: expect.any(Number) }],
    })
    expect((await runHere(['inspect', lightgbm])).stdout).toMatch(
      /\nwritten {3}by LightGBM v4, objective \w+, trees\nholds {5}\d+ trees of \d+ nodes.*\nfeatures {2}\d+: /,
    )
    const model = await readFile(`${DEMO}/iris_logreg.pkl`)
    const mlmodel =
      'artifact_path: model\nflavors:\n  python_function:\n    env: x\n  sklearn:\n    pickled_model: model.pkl\nrun_id: 1\n'
    const path = await put(
      'mlflow.zip',
      makeZip([
        { name: 'm/MLmodel', content: mlmodel },
        { name: 'm/model.pkl', content: model },
      ]),
    )
    expect((await inspect(path)).document).toMatchObject({
      verdict: 'compiled',
      contents: [
        { kind: 'archive', holds: 'mlflow', count: 2, model: 'm/model.pkl', flavours: ['python_function', 'sklearn'] },
      ],
      python: { protocol: 4 },
    })
    expect((await runHere(['inspect', path])).stdout).toMatch(
      /\narchive {3}an MLflow model, 2 files; flavours: python_function, sklearn\n {10}m\/MLmodel \(.*\)\nmodel {5}m\/model\.pkl \(a Python pickle, .*\)\n/,
    )
    expect((await inspect(`${DEMO}/digits.npz`)).document).toMatchObject({
      verdict: 'refused',
      contents: [{ kind: 'tensors', count: 2, tensors: [{ name: 'X', datatype: 'f8', shape: [1797, 64] }, {}] }],
    })
  })

  test('tells of a folder with code what would be served, and looks into its models', async () => {
    const code = await makeFolder('sagemaker', {
      'code/inference.py': 'import pickle\n\ndef predict_fn(data, model): return data\n',
      'code/requirements.txt': '# for it\nnumpy\nscikit-learn==1.9.1\n',
      'model.pkl': await readFile(`${DEMO}/iris_logreg.pkl`),
      'evil.pkl': Buffer.from('cos\nsystem\n(S"true"\ntR.'),
      'words.bin': 'words',
    })
    const { code: exit, document } = await inspect(code)
    expect(exit).toBe(0)
    const text = describeFolder(document as unknown as InspectedFolder, describeFile)
    expect(text).toContain('serves    code/inference.py, a SageMaker inference.py, with --runtime python\n')
    expect(text).toContain('DANGER    os.system at byte 0\n')
    expect(text).toContain('steps[1] "logisticregression": sklearn.linear_model._logistic.LogisticRegression')
    expect(document).toMatchObject({
      folder: 'sagemaker',
      kind: 'code',
      files: 5,
      verdict: 'needs-python',
      serves: { runtime: 'python', flavour: 'sagemaker', entry: 'code/inference.py' },
      requirements: { file: 'code/requirements.txt', lines: ['numpy', 'scikit-learn==1.9.1'] },
      error: { message: expect.stringContaining('add --runtime python') },
    })
    expect(document['models']).toMatchObject([
      { path: 'evil.pkl', verdict: 'refused', python: { globals: [{ name: 'os.system', verdict: 'dangerous' }] } },
      { path: 'model.pkl', verdict: 'compiled' },
    ])
  })

  test('tells of an MLflow folder its flavours, its packages and the model that is compiled', async () => {
    const mlflow = await makeFolder('mlflow', {
      MLmodel:
        'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn:\n    pickled_model: model.pkl\n',
      'model.pkl': await readFile(`${DEMO}/iris_logreg.pkl`),
      'requirements.txt': 'mlflow==3.1.0\n',
    })
    expect(await inspect(mlflow)).toMatchObject({
      code: 0,
      document: {
        kind: 'mlflow',
        verdict: 'compiled',
        serves: { runtime: 'compiled', model: 'model.pkl' },
        flavours: ['python_function', 'sklearn'],
        requirements: { lines: ['mlflow==3.1.0'] },
        models: [{ path: 'model.pkl', format: 'pickle', python: { globals: expect.any(Array) } }],
      },
    })
    await rm(join(mlflow, 'model.pkl'))
    await writeFile(join(mlflow, 'MLmodel'), 'flavors:\n  spark:\n    model_data: sparkml\n')
    expect(await inspect(mlflow)).toMatchObject({ code: 3, document: { verdict: 'refused', flavours: ['spark'] } })
  })

  test('tells of code in TypeScript which model it is around', async () => {
    const code = await makeFolder('around', {
      'predict.ts': 'export const postprocess = (outputs: object) => outputs\n',
      'fraud.onnx': await readFile(FRAUD),
    })
    const serves = { runtime: 'typescript', entry: 'predict.ts', model: 'fraud.onnx' }
    expect(await inspect(code)).toMatchObject({ code: 0, document: { verdict: 'compiled', serves } })
    await writeFile(join(code, 'fraud.onnx'), 'changed')
    expect(await inspect(code)).toMatchObject({ code: 3, document: { verdict: 'refused', serves } })
  })

  test('looks into packed code as into a folder, and leaves nothing', async () => {
    const before = (await readdir(tmpdir())).filter((name) => /^slipway-inspect-\w{6}$/.test(name))
    const files = {
      'code/inference.py': Buffer.from('def predict_fn(data, model): return data\n'),
      'model.pkl': await readFile(`${DEMO}/iris_logreg.pkl`),
    }
    const packed = await put(
      'model.tar.gz',
      gzipSync(makeTar(Object.entries(files).map(([name, content]) => ({ name, content })))),
    )
    expect(await inspect(packed)).toMatchObject({
      code: 0,
      document: { verdict: 'needs-python', folder: 'model', models: [{ path: 'model.pkl', verdict: 'compiled' }] },
    })
    expect((await readdir(tmpdir())).filter((name) => /^slipway-inspect-\w{6}$/.test(name))).toEqual(before)
  })

  test('describes a bundle that was changed', async () => {
    const path = await new BundleStore(join(folder, 'changed')).put(sampleBundle())
    await writeFile(join(path, 'model.onnx'), 'changed')
    const { code, document } = await inspect(path)
    expect(code).toBe(3)
    expect(document).toMatchObject({ kind: 'bundle', verdict: 'refused', error: { code: 'refused' } })
    expect((await runHere(['inspect', path])).stdout).toContain(
      'verdict   refused: the bundle\'s file "model.onnx" is not',
    )
  })

  test('fails for what is not there and for what is no bundle, and looks behind links', async () => {
    expect((await inspect(join(folder, 'nothing'))).document).toMatchObject({ error: { code: 'not_found' } })
    expect((await runHere(['inspect', folder])).code).toBe(1)
    await symlink(await put('target', 'x'), join(folder, 'link'))
    expect(await inspect(join(folder, 'link'))).toMatchObject({ code: 3, document: { error: { code: 'unsupported' } } })
    if (process.platform !== 'win32') expect((await runHere(['inspect', '/dev/zero'])).code).toBe(3)
  })
})
