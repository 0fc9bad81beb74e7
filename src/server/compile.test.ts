import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  endlessModel,
  externalModel,
  failingModel,
  hungryModel,
  linearModel,
  meanModel,
  openModel,
  sequenceModel,
  shapelessModel,
  textModel,
  twoInputModel,
  wrongShapeModel,
} from '../../test/support/models.ts'
import { needs } from '../../test/support/needs.ts'
import { GraphBuilder, writeOnnx } from '../onnx/index.ts'
import { fromJsonTensor, type JsonTensor } from '../bundle/json-tensor.ts'
import { openBundle } from '../bundle/open.ts'
import { packBundle } from '../bundle/pack.ts'
import { sampleBundle } from '../bundle/sample-bundle.fixture.ts'
import { openOrCompile, type CompileOptions, type LocatedBundle } from './compile.ts'
import { widenHalves } from '../tensor/half.ts'
import { DEFAULT_PROCESS_LIMITS } from './limited-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-compile-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

function at(...parts: string[]): string {
  return join(folder, ...parts)
}

/** Writes a model file and gives its path. */
async function put(name: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(at(name), bytes)
  return at(name)
}

function compile(path: string, options: Partial<CompileOptions> = {}): Promise<LocatedBundle> {
  return openOrCompile(path, { dataFolder: at('data'), signal: new AbortController().signal, ...options })
}

const refused = (code: string, message: string | RegExp) =>
  expect.objectContaining({
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  })

describe('compiling a pipeline', () => {
  test('warns of what looks like a mistake in it', async () => {
    for (const name of ['a.onnx', 'b.onnx']) await put(name, linearModel())
    const steps = [
      { model: 'a.onnx', outputs: { y: 'scaled' } },
      { model: 'b.onnx', inputs: { X: 'scald' } },
    ]
    const path = await put('risk.pipeline.json', JSON.stringify({ slipwayPipeline: 1, steps, outputs: ['y'] }))
    const { warnings, manifest } = await compile(path)
    expect(manifest.signature.inputs.map(({ name }) => name)).toEqual(['X', 'scald'])
    expect(warnings).toEqual([
      expect.stringContaining('step 2 (b.onnx) reads "scald", which no step gives'),
      expect.stringContaining('step 1 (a.onnx) gives "scaled", which no output needs'),
    ])
  })
})

describe('compiling a model file', () => {
  test('gives a whole bundle, named after the file, that says what it was made from', async () => {
    const said: string[] = []
    const path = await put('linear.onnx', linearModel())
    const {
      manifest,
      digest,
      folder: where,
      warnings,
      wasKnown,
    } = await compile(path, { onProgress: (text) => said.push(text) })
    expect((await openBundle(where, digest)).manifest).toEqual(manifest)
    expect(wasKnown).toBe(false)
    expect(warnings).toEqual([])
    expect(said).toEqual(['reading', 'compiling', 'running for the first time', 'measuring', 'storing'])
    expect(manifest).toMatchObject({
      name: 'linear',
      signature: {
        inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 2] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
      },
      program: { steps: [{ kind: 'onnx', file: 'model.onnx' }] },
      batching: { rowsAreIndependent: true, reason: '4 rows answered the same alone and together' },
      provenance: {
        format: 'onnx',
        source: { fileName: 'linear.onnx', sizeBytes: linearModel().length },
        producer: 'slipway',
      },
    })
    expect(manifest.example.X?.shape).toEqual([1, 2])
    const { X, y } = { ...manifest.golden.inputs, ...manifest.golden.outputs }
    for (let row = 0; row < 4; row++) {
      const [a, b] = [X?.data[2 * row], X?.data[2 * row + 1]]
      expect(y?.data[row]).toBeCloseTo(2 * Number(a) + 3 * Number(b) + 1, 4)
    }
  })

  test('gives the same digest in another data folder, at another time', async () => {
    const path = await put('linear.onnx', linearModel())
    const one = await compile(path)
    await utimes(path, 0, 0)
    const two = await compile(path, { dataFolder: at('other') })
    expect(two.wasKnown).toBe(false)
    expect(two.digest).toBe(one.digest)
    expect((await compile(path, { name: 'another' })).digest).not.toBe(one.digest)
  })

  test('is done once for a file, and again when its bundle is damaged', async () => {
    const path = await put('linear.onnx', linearModel())
    const first = await compile(path)
    expect(await compile(path)).toMatchObject({ wasKnown: true, digest: first.digest })
    await writeFile(join(first.folder, 'model.onnx'), 'damaged')
    expect(await compile(path)).toMatchObject({ wasKnown: false, digest: first.digest })
    await openBundle(first.folder, first.digest)
    await put('linear.onnx', linearModel({}, 5))
    expect((await compile(path)).digest).not.toBe(first.digest)
  })

  test('is ours for the build that wrote it, for no other and for none without a name', async () => {
    const path = await put('linear.onnx', linearModel())
    expect(await compile(path, { build: 'one' })).toMatchObject({ wasKnown: false, isOurs: false })
    const { folder: where, ...found } = await compile(path, { build: 'one' })
    expect(found).toMatchObject({ wasKnown: true, isOurs: true })
    expect(await compile(path, { build: 'two' })).toMatchObject({ wasKnown: true, isOurs: false })
    expect(await compile(path)).toMatchObject({ wasKnown: true, isOurs: false })
    // the same bundle, from wherever it may come
    expect(await compile(where, { build: 'one' })).toMatchObject({ digest: found.digest, isOurs: false })
  })

  test('of a build without a name is nobody’s', async () => {
    const path = await put('linear.onnx', linearModel())
    await compile(path)
    expect(await compile(path)).toMatchObject({ wasKnown: true, isOurs: false })
    expect(await compile(path, { build: 'one' })).toMatchObject({ isOurs: false })
  })

  test('two at once give one bundle', async () => {
    const path = await put('linear.onnx', linearModel())
    const [one, two] = await Promise.all([compile(path), compile(path)])
    expect(one.digest).toBe(two.digest)
    expect(await readdir(at('data/bundles/sha256'))).toEqual([one.digest])
  })

  test.each(['two words.onnx', '.onnx', `${'a'.repeat(64)}.onnx`])('of the file %j wants a name', async (name) => {
    const path = await put(name, 'not looked at')
    await expect(compile(path)).rejects.toEqual(refused('invalid_argument', /cannot be a model's name .*--name$/))
  })

  test('has the name that it is given', async () => {
    expect((await compile(await put('two words.onnx', linearModel()), { name: 'mine' })).manifest.name).toBe('mine')
  })
})

test('a model behind a link is compiled under the name of the link', async () => {
  await put('blob', linearModel())
  await symlink(at('blob'), at('m.onnx'))
  expect((await compile(at('m.onnx'))).manifest.name).toBe('m')
})

describe('weights beside the model', () => {
  test('are taken into the bundle, and compiled again when they change', async () => {
    const { model, weights } = externalModel()
    const path = await put('external.onnx', model)
    await put('weights.bin', weights)
    const first = await compile(path)
    expect(Object.keys(first.manifest.files)).toEqual(['model.onnx'])
    expect(await compile(path)).toMatchObject({ wasKnown: true })
    await put('weights.bin', externalModel('weights.bin', [7, 8]).weights)
    const second = await compile(path)
    expect(second.wasKnown).toBe(false)
    expect(second.digest).not.toBe(first.digest)
    const golden = second.manifest.golden
    expect(golden.outputs.y?.data[0]).toBeCloseTo(
      7 * Number(golden.inputs.X?.data[0]) + 8 * Number(golden.inputs.X?.data[1]) + 1,
      4,
    )
    await rm(at('weights.bin'))
    await expect(compile(path)).rejects.toEqual(refused('not_found', 'there is no file "weights.bin"'))
  })

  test.each([
    ['in a folder', 'folder/weights.bin', '"folder/weights.bin"; files beside the model are read, folders are not'],
    ['outside', '../weights.bin', '"../weights.bin"; a plain relative file name'],
    ['at an absolute path', '/etc/passwd', '"/etc/passwd"'],
  ])('are refused %s', async (_what, location, message) => {
    await mkdir(at('inner', 'folder'), { recursive: true })
    for (const path of ['weights.bin', 'inner/folder/weights.bin']) await put(path, externalModel().weights)
    const path = await put('inner/external.onnx', externalModel(location).model)
    await expect(compile(path)).rejects.toEqual(refused('refused', message))
  })

  test('are refused when they are a link, or too short', async () => {
    const path = await put('external.onnx', externalModel().model)
    await put('elsewhere', externalModel().weights)
    await symlink(at('elsewhere'), at('weights.bin'))
    await expect(compile(path)).rejects.toEqual(refused('refused', '"weights.bin" is a symbolic link'))
    await rm(at('weights.bin'))
    await put('weights.bin', 'short')
    await expect(compile(path)).rejects.toEqual(refused('refused', '"weights.bin", which has 5'))
  })
})

describe('what a model brings', () => {
  const columns = { 'slipway.columns.X': '["a","b"]' }

  test('names of columns and example rows are used', async () => {
    const rows = '[[1, 2], [3, 4.5], [-1, 0]]'
    const { manifest } = await compile(await put('m.onnx', linearModel({ ...columns, 'slipway.example.X': rows })))
    expect(manifest.signature.inputs[0]?.columns).toEqual(['a', 'b'])
    expect(manifest.golden.inputs.X).toEqual({
      datatype: 'FP32',
      shape: [3, 2],
      data: [1, 2, 3, 4.5, -1, '-0'].map((n) => (n === '-0' ? 0 : n)),
    })
    expect(manifest.golden.outputs.y?.data).toEqual([9, 20.5, -1])
    expect(manifest.example.X?.data).toEqual([1, 2])
  })

  test('its failure on its own example is told in its words', async () => {
    const path = await put('m.onnx', failingModel({ 'slipway.example.X': '[[1,2]]' }))
    await expect(compile(path)).rejects.toEqual(
      refused('refused', 'on its example rows, the model failed on these inputs'),
    )
  })
})

describe('what the user gives', () => {
  const example = (data: unknown, shape: number[], name = 'X') =>
    JSON.stringify({ inputs: [{ name, datatype: 'FP32', shape, data }] })

  test('example rows are run first and recorded, 16 of them at most', async () => {
    const path = await put('m.onnx', linearModel({ 'slipway.example.X': '[[9,9]]' }))
    const two = await compile(path, { example: example([1, 2, 3, 4], [2, 2]) })
    expect(two.manifest.golden.inputs.X?.data).toEqual([1, 2, 3, 4])
    const many = await compile(path, {
      example: example(
        Array.from({ length: 40 }, (_, i) => i),
        [20, 2],
      ),
    })
    expect(many.manifest.golden.inputs.X?.shape).toEqual([16, 2])
    expect(many.digest).not.toBe(two.digest)
    expect(await compile(path, { example: example([1, 2, 3, 4], [2, 2]) })).toMatchObject({
      wasKnown: true,
      digest: two.digest,
    })
  })

  test.each([
    ['no JSON', 'rows', 'the body is no JSON'],
    ['no rows', example([], [0, 2]), '0 rows'],
  ])('an example of %s is refused', async (_what, text, message) => {
    await expect(compile(await put('m.onnx', linearModel()), { example: text })).rejects.toEqual(
      refused('invalid_argument', message),
    )
  })

  test('inputs of unlike numbers of rows are refused, unless the model has it so', async () => {
    const tensors = (name: string, count: number) => ({
      name,
      datatype: 'FP32',
      shape: [count],
      data: Array(count).fill(1),
    })
    const unlike = JSON.stringify({ inputs: [tensors('a', 3), tensors('b', 1)] })
    await expect(compile(await put('two.onnx', twoInputModel()), { example: unlike })).rejects.toEqual(
      refused('invalid_argument', 'inputs of 3 and 1 rows'),
    )
    const { manifest } = await compile(await put('one.onnx', twoInputModel(true)), { example: unlike })
    expect(manifest.golden.inputs.b?.shape).toEqual([1])
    expect(manifest.golden.outputs.y?.data).toEqual([2, 2, 2])
    expect(manifest.batching).toEqual({ rowsAreIndependent: false, reason: '"b" has a fixed number of rows' })
  })
})

describe('rows of different callers', () => {
  test('do not run together where a row sways another', async () => {
    const { manifest } = await compile(await put('mean.onnx', meanModel()))
    expect(manifest.batching).toEqual({
      rowsAreIndependent: false,
      reason: 'row 0 answered otherwise alone than among others',
    })
    expect(manifest.example.X?.shape).toEqual([4, 2]) // one row of it would be another question
  })

  test.each([
    ['one row', '[[1,2]]', 'the example has one row only'],
    ['rows all alike', '[[1,2],[1,2],[1,2]]', 'the example rows are all alike'],
  ])('do not run together where %s shows nothing', async (_what, rows, reason) => {
    const { manifest } = await compile(await put('mean.onnx', meanModel({ 'slipway.example.X': rows })))
    expect(manifest.batching).toEqual({
      rowsAreIndependent: false,
      reason: `${reason}: nothing shows that rows are independent`,
    })
  })
})

test.each([
  ['/proc/nope', 'ENOENT'],
  ['/dev/null/x', 'ENOTDIR'],
])('a data folder that cannot be, %s, is refused before anything is read', async (dataFolder, code) => {
  const path = await put('m.onnx', linearModel())
  await expect(compile(path, { dataFolder })).rejects.toMatchObject({
    code: 'invalid_argument',
    message: `the data folder "${dataFolder}" cannot be written (${code}): choose another with --data`,
  })
})

describe('models of many kinds', () => {
  test('the shape of an output is learned where the file says none', async () => {
    const { manifest } = await compile(await put('m.onnx', shapelessModel()))
    expect(manifest.signature.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [-1, 2] }])
    expect(manifest.batching.rowsAreIndependent).toBe(true)
  })

  test('the shape of an output is learned where the file says a wrong one', async () => {
    const { manifest } = await compile(await put('m.onnx', wrongShapeModel()))
    expect(manifest.signature.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [-1, 2] }])
    expect(manifest.batching.rowsAreIndependent).toBe(true)
  })

  test('a sequence of tensors is given stacked along a new first axis', async () => {
    const { manifest } = await compile(await put('m.onnx', sequenceModel(false)))
    expect(manifest.signature.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [2, -1, 2] }])
    expect(manifest.batching.rowsAreIndependent).toBe(false)
    const { data: given = [] } = manifest.golden.inputs.x ?? manifest.golden.inputs.X ?? {}
    expect(manifest.golden.outputs.y?.data).toEqual([...given, ...given])
  })

  test('text goes in and comes out', async () => {
    const { manifest } = await compile(await put('m.onnx', textModel()))
    expect(manifest.signature.inputs).toEqual([{ name: 'word', datatype: 'BYTES', shape: [-1] }])
    expect(manifest.golden.outputs.again?.data).toEqual(manifest.golden.inputs.word?.data)
  })

  test.each(['FP16', 'BF16'] as const)('%s goes in and comes out, and is recorded as its bits', async (datatype) => {
    const graph = new GraphBuilder({ name: 'half' })
    graph.op('Identity', [graph.input('X', datatype, ['rows', 2])], {}, { outputs: ['y'] })
    graph.output('y', datatype, ['rows', 2])
    const { manifest } = await compile(await put('half.onnx', writeOnnx(graph.build())))
    expect(manifest.signature.inputs).toEqual([{ name: 'X', datatype, shape: [-1, 2] }])
    expect(manifest.signature.outputs).toEqual([{ name: 'y', datatype, shape: [-1, 2] }])
    expect(manifest.batching.rowsAreIndependent).toBe(true)
    const given = fromJsonTensor(manifest.golden.inputs.X as JsonTensor, 'X')
    expect(fromJsonTensor(manifest.golden.outputs.y as JsonTensor, 'y')).toEqual(given)
    // the made-up rows are numbers from 0 to 1, not the least of all
    const numbers = widenHalves(datatype, given.data as Uint16Array)
    expect(Math.max(...numbers)).toBeGreaterThan(0.1)
    expect(Math.max(...numbers)).toBeLessThanOrEqual(1)
  })

  test('sizes that the file leaves open are tried until one is taken', async () => {
    const { manifest } = await compile(await put('m.onnx', openModel()))
    expect(manifest.signature.inputs[0]?.shape).toEqual([-1, -1])
    expect(manifest.golden.inputs.X?.shape).toEqual([4, 16])
  })

  test.each<[string, () => Uint8Array | string, string, string]>([
    [
      'whose output is a sequence of sequences',
      sequenceModel,
      'unsupported',
      'output "y" is a sequence; only tensors can be served',
    ],
    [
      'that runs on nothing',
      failingModel,
      'refused',
      'the model ran on none of the inputs that were made up for it: give some with --example',
    ],
    ['that is a pickle', () => '\x80\x04K\x01.', 'refused', '"m.onnx" is a Python pickle, and its name says otherwise'],
    ['that is cut short', () => linearModel().subarray(0, 60), 'refused', ''],
  ])('one %s is refused', async (_what, make, code, message) => {
    const path = await put('m.onnx', typeof make() === 'string' ? Buffer.from(make() as string, 'latin1') : make())
    await expect(compile(path)).rejects.toEqual(refused(code, message))
    expect(await readdir(at('data')).catch(() => [])).toEqual([])
  })
})

describe('a model on probation', () => {
  const limits = { memoryMiB: 2000, timeoutMs: 1500 }

  test('is ended when it takes too long', async () => {
    const path = await put('endless.onnx', endlessModel())
    await expect(compile(path, { limits })).rejects.toEqual(
      refused('refused', 'the file took over 1.5 s to be read and run for the first time'),
    )
    await expectAlone()
  })

  test.skipIf(!needs('linux'))('is ended when it takes too much memory', async () => {
    const path = await put('hungry.onnx', hungryModel(3000))
    await expect(compile(path, { limits: { memoryMiB: 300, timeoutMs: 60_000 } })).rejects.toEqual(
      refused('refused', 'the file needs over 300 MiB of memory to be read and run'),
    )
    await expectAlone()
  })

  test('that asks for more memory than there is is refused', async () => {
    const path = await put('hungry.onnx', hungryModel(8_000_000))
    await expect(compile(path)).rejects.toEqual(refused('refused', ''))
  })

  test.skipIf(!needs('linux'))('sees nothing of our environment, and its crash is its own', async () => {
    process.env.SLIPWAY_TEST_CANARY = 'a secret'
    await expectAlone() // what came before has ended
    const path = await put('endless.onnx', endlessModel())
    const compiled = compile(path, { limits: { ...limits, timeoutMs: 60_000 } })
    const failed = expect(compiled).rejects.toEqual(
      refused('refused', 'the file ended the process that read it (SIGKILL)'),
    )
    const [worker] = await untilWorkers((pids) => pids.length === 1)
    const names = (await readFile(`/proc/${worker}/environ`, 'utf8')).split('\0').map((each) => each.split('=')[0])
    expect(names.filter((name) => name !== '' && !name?.startsWith('NODE_CHANNEL_'))).toEqual([
      'MALLOC_MMAP_THRESHOLD_',
    ])
    process.kill(worker ?? 0, 'SIGKILL')
    await failed
    delete process.env.SLIPWAY_TEST_CANARY
    await expectAlone()
  })

  test('is ended when nobody waits any more', async () => {
    const path = await put('endless.onnx', endlessModel())
    const abort = new AbortController()
    const compiled = compile(path, { signal: abort.signal })
    const failed = expect(compiled).rejects.toEqual(refused('cancelled', 'interrupted'))
    await setTimeout(500)
    abort.abort()
    await failed
    await expectAlone()
    await expect(compile(path, { signal: abort.signal })).rejects.toThrow()
  })

  /** After whatever the model did, we are well and no process of its is left. */
  async function expectAlone(): Promise<void> {
    if (process.platform === 'linux') await untilWorkers((pids) => pids.length === 0)
    expect((await compile(await put('good.onnx', linearModel()))).manifest.name).toBe('good')
  }

  async function untilWorkers(isTrue: (pids: number[]) => boolean): Promise<number[]> {
    for (;;) {
      const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')
      const pids = children.trim().split(' ').filter(Boolean).map(Number)
      const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
      const workers = pids.filter((_, i) => lines[i]?.includes('--slipway-process\0probation'))
      if (isTrue(workers)) return workers
      await setTimeout(20)
    }
  }
})

describe('bundles as they come', () => {
  test('a folder is opened where it lies, an archive is unpacked into the store', async () => {
    const made = await compile(await put('m.onnx', linearModel()))
    const { files } = await openBundle(made.folder)
    const archive = await put('anything', await packBundle(files))
    expect(await compile(made.folder)).toMatchObject({ folder: made.folder, digest: made.digest, wasKnown: true })
    const unpacked = await compile(archive, { dataFolder: at('other') })
    expect(unpacked.digest).toBe(made.digest)
    expect(unpacked.folder).toBe(at('other/bundles/sha256', made.digest))
  })

  test('a bad archive is refused, and nothing is kept of it', async () => {
    const packed = await packBundle(sampleBundle().files)
    const path = await put('bundle.tar.gz', packed.subarray(0, packed.length - 20))
    await expect(compile(path)).rejects.toEqual(refused('refused', 'the gzip stream cannot be unpacked'))
    expect(await readdir(at('data')).catch(() => [])).toEqual([])
  })

  test('an archive that unpacks to more than its process may hold costs that process only', async () => {
    const bomb = await packBundle(new Map([['zeros', new Uint8Array(400 << 20)]]))
    const limits = { ...DEFAULT_PROCESS_LIMITS, memoryMiB: 200 }
    // whichever comes first: the ceiling of memory, the end of the process, or the reader's own bound
    await expect(compile(await put('bomb.tar.gz', bomb), { limits })).rejects.toMatchObject({
      code: expect.stringMatching(/^(refused|too_large)$/) as string,
      message: expect.stringMatching(
        /needs over 200 MiB of memory|ended the process that read it|unpacks to/,
      ) as string,
    })
  })

  test('what is no file is refused without being read', async () => {
    await expect(compile(at('nothing'))).rejects.toEqual(refused('not_found', 'there is no file or folder'))
    if (process.platform === 'win32') return
    await expect(compile('/dev/zero')).rejects.toEqual(refused('refused', 'is no plain file'))
    execFileSync('mkfifo', [at('pipe')])
    await expect(compile(at('pipe'))).rejects.toEqual(refused('refused', 'is no plain file'))
  })
})
