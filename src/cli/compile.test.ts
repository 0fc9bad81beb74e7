import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { linearModel } from '../../test/support/models.ts'
import { openBundle } from '../bundle/open.ts'
import { unpackBundle } from '../bundle/pack.ts'
import { runHere, type Ran } from './testing.fixture.ts'

/** Kept from test to test, so that the model is compiled once. */
let data: string
let folder: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'slipway-data-'))
})

afterAll(async () => {
  await rm(data, { recursive: true })
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-compile-'))
  await writeFile(join(folder, 'linear.onnx'), linearModel())
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

function at(...parts: string[]): string {
  return join(folder, ...parts)
}

function compile(...args: string[]): Promise<Ran> {
  return runHere(['compile', ...args, '--data', data])
}

describe('slipway compile', () => {
  test('writes a bundle as a folder or as one file, the same each time, and back', async () => {
    const { code, stdout } = await compile(at('linear.onnx'), '--out', at('new', 'bundle'), '--json')
    expect(code).toBe(0)
    const { digest } = JSON.parse(stdout) as { digest: string }
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'compiled',
      name: 'linear',
      out: at('new', 'bundle'),
      warnings: [],
    })
    expect((await openBundle(at('new', 'bundle'))).digest).toBe(digest)
    for (const [from, to] of [
      ['linear.onnx', 'one.tar.gz'],
      ['new/bundle', 'two.tgz'],
    ] as const) {
      expect((await compile(at(from), '--out', at(to))).code).toBe(0)
      expect((await unpackBundle(await readFile(at(to)))).digest).toBe(digest)
    }
    expect((await readFile(at('one.tar.gz'))).equals(await readFile(at('two.tgz')))).toBe(true)
    await compile(at('one.tar.gz'), '--out', at('back'))
    expect((await openBundle(at('back'))).digest).toBe(digest)
    expect((await readdir(folder)).sort()).toEqual(['back', 'linear.onnx', 'new', 'one.tar.gz', 'two.tgz'])
  })

  test('tells a person what it made', async () => {
    const { stdout, stderr } = await compile(at('linear.onnx'), '--out', at('bundle'))
    expect(stdout).toMatch(/^bundle {4}linear\nversion {3}[0-9a-f]{64}\n/)
    expect(stdout).toContain('inputs    X FP32 [-1, 2]\n')
    expect(stderr).toMatch(/linear.onnx (opened|compiled), .* at /)
  })

  test('shows what the file held, how large its graph is, and what each output is', async () => {
    const iris = 'test/models/demo/iris_logreg.pkl'
    const { stdout, stderr } = await compile(iris, '--out', at('bundle'))
    expect(stdout).toMatch(
      /\nholds {5}Pipeline \(.*\)\n {12}steps\[0\] "standardscaler": StandardScaler \(with_mean=True, .*\)\n {12}steps\[1\] "logisticregression": LogisticRegression \(.*…\n/,
    )
    expect(stdout).toMatch(
      /\noutputs {3}predict BYTES \[-1\] \(the label of the class\)\n {10}predict_proba FP64 \[-1, 3\]: setosa, versicolor, virginica \(probabilities, one column a class; when asked for by name\)\n/,
    )
    expect(stdout).toMatch(/then onnx model\.onnx \(\d+ nodes, \d+ B of constants, optimisation basic\)\n/)
    for (const phase of ['reading', 'compiling', 'running for the first time', 'measuring', 'storing'])
      expect(stderr).toContain(`iris_logreg.pkl ${phase}\n`)
    // what is known of a file is told again when nothing had to be compiled
    const again = await compile(iris, '--out', at('again'), '--json')
    expect(again.stderr).toContain('iris_logreg.pkl opened')
    expect(JSON.parse(again.stdout)).toMatchObject({
      found: { objects: [{ class: 'sklearn.pipeline.Pipeline', inside: [{}, {}] }] },
      graphs: { 'model.onnx': { nodes: expect.any(Number), constantBytes: expect.any(Number) } },
    })
  })

  test('takes a name and example rows', async () => {
    await writeFile(
      at('rows.json'),
      JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] }] }),
    )
    const args = [at('linear.onnx'), '--out', at('bundle'), '--name', 'mine', '--example', at('rows.json')]
    expect((await compile(...args)).code).toBe(0)
    const { manifest } = await openBundle(at('bundle'))
    expect(manifest.name).toBe('mine')
    expect(manifest.golden.inputs.X?.data).toEqual([1, 2, 3, 4])
    expect(await compile(at('linear.onnx'), '--out', at('x'), '--example', at('nothing.json'))).toMatchObject({
      code: 1,
    })
    expect(await compile(at('linear.onnx'), '--out', at('x'), '--name', 'a b')).toMatchObject({ code: 2 })
  })

  test('cannot rename a bundle', async () => {
    await compile(at('linear.onnx'), '--out', at('bundle'))
    const { code, stderr } = await compile(at('bundle'), '--out', at('other'), '--name', 'other')
    expect([code, await readdir(folder)]).toEqual([2, ['bundle', 'linear.onnx']])
    expect(stderr).toContain('is a bundle called "linear"; its name cannot be changed')
  })

  test.each<[string, string, () => Promise<unknown>]>([
    ['a folder', 'there', () => mkdir(at('there')).then(() => writeFile(at('there', 'mine'), 'mine'))],
    ['a file where a folder shall be', 'there', () => writeFile(at('there'), 'mine')],
    ['a file', 'there.tar.gz', () => writeFile(at('there.tar.gz'), 'mine')],
  ])('leaves %s that is there', async (_what, out, make) => {
    await make()
    const { code, stderr } = await compile(at('linear.onnx'), '--out', at(out))
    expect([code, stderr]).toEqual([1, expect.stringContaining('is there already: say --force to replace it')])
    expect(await readFile(at(out)).catch(() => readFile(at(out, 'mine')))).toEqual(Buffer.from('mine'))
  })

  test('with --force replaces a bundle or a file, and no other folder', async () => {
    await compile(at('linear.onnx'), '--out', at('bundle'), '--name', 'old')
    expect((await compile(at('linear.onnx'), '--out', at('bundle'), '--force')).code).toBe(0)
    expect((await openBundle(at('bundle'))).manifest.name).toBe('linear')
    await writeFile(at('x.tar.gz'), 'old')
    expect((await compile(at('linear.onnx'), '--out', at('x.tar.gz'), '--force')).code).toBe(0)
    await unpackBundle(await readFile(at('x.tar.gz')))
    await mkdir(at('mine'))
    await writeFile(at('mine', 'precious'), 'mine')
    expect((await compile(at('linear.onnx'), '--out', at('mine'), '--force')).code).toBe(1)
    expect(await readdir(at('mine'))).toEqual(['precious'])
  })

  test('without --out writes into the working folder, after the name of the file', async () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      expect((await compile('linear.onnx')).code).toBe(0)
      expect((await openBundle(at('linear.bundle'))).manifest.name).toBe('linear')
    } finally {
      process.chdir(before)
    }
  })

  test('writes into an empty folder', async () => {
    await mkdir(at('empty'))
    expect((await compile(at('linear.onnx'), '--out', at('empty'))).code).toBe(0)
    await openBundle(at('empty'))
  })

  test('a refused model leaves nothing, and says why as JSON', async () => {
    await writeFile(at('bad.onnx'), '\x80\x04.', 'latin1')
    const { code, stdout } = await compile(at('bad.onnx'), '--out', at('bundle'), '--json')
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'refused',
        message: expect.stringContaining('"bad.onnx" is a Python pickle, and its name says otherwise'),
        details: { format: 'pickle', reason: 'extension' },
      },
    })
    expect(await readdir(folder)).toEqual(['bad.onnx', 'linear.onnx'])
  })
})
