import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeZip } from '../formats/archives/zip.fixture.ts'
import { needs } from '../../test/support/needs.ts'
import { binFolder } from '../../test/support/python.ts'
import { encodeNpy } from '../codecs/npy.ts'
import { tensor } from '../tensor/tensor.ts'
import { runHere, type Ran } from './testing.fixture.ts'

vi.setConfig({ testTimeout: 120_000 })

const DEMO = 'test/models/demo'
const IRIS = `${DEMO}/iris_logreg.pkl`
const FRAUD = `${DEMO}/fraud_pipeline_gb.joblib`

interface Recorded {
  readonly rows: number[][] & Record<string, string | number>[]
  readonly predict: string[]
  readonly predict_proba: number[][]
}

let folder: string
let iris: Recorded
let fraud: Recorded

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-verify-'))
  const demo = JSON.parse(await readFile(`${DEMO}/demo.json`, 'utf8')) as Record<string, Recorded>
  iris = demo['iris_logreg.pkl'] as Recorded
  fraud = demo['fraud_pipeline_gb.joblib'] as Recorded
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function put(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

function verify(...args: string[]): Promise<Ran> {
  return runHere(['verify', ...args, '--data', join(folder, 'data')])
}

/** What `slipway verify --json` says. */
async function report(...args: string[]): Promise<{ code: number; document: Record<string, unknown> }> {
  const { code, stdout } = await verify(...args, '--json')
  return { code, document: JSON.parse(stdout) as Record<string, unknown> }
}

function csv(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [header, ...rows].map((row) => `${row.join(',')}\n`).join('')
}

function npz(arrays: Readonly<Record<string, number[][]>>): Buffer {
  const entries = Object.entries(arrays).map(([name, rows]) => ({
    name: `${name}.npy`,
    content: encodeNpy(tensor('FP64', [rows.length, rows[0]?.length ?? 0], Float64Array.from(rows.flat()))),
  }))
  return makeZip(entries)
}

/** The rows of the iris model as files of each kind. */
const ROWS: Readonly<Record<string, () => Uint8Array | string>> = {
  'rows.csv': () => csv(['x0', 'x1', 'x2', 'x3'], iris.rows).replace(/^.*\n/, ''),
  'rows.jsonl': () => iris.rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  'rows.npz': () => npz({ X: iris.rows }),
  'rows.json': () =>
    JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP64', shape: [3, 4], data: iris.rows.flat() }] }),
}

/** Its answers, by what is to be in them. */
const EXPECTED: Readonly<Record<string, (probabilities: number[][]) => Uint8Array | string>> = {
  'expected.csv': (rows) =>
    csv(
      ['predict', 'predict_proba_0', 'predict_proba_1', 'predict_proba_2'],
      rows.map((row, i) => [iris.predict[i], ...row]),
    ),
  'classes.csv': (rows) => csv(['setosa', 'versicolor', 'virginica'], rows),
  'expected.json': (rows) => JSON.stringify({ predict: iris.predict, predict_proba: rows }),
  'answer.json': (rows) =>
    JSON.stringify({
      model_name: 'iris',
      outputs: [
        { name: 'predict', datatype: 'BYTES', shape: [3], data: iris.predict },
        { name: 'predict_proba', datatype: 'FP64', shape: [3, 3], data: rows.flat() },
      ],
    }),
  'expected.npz': (rows) => npz({ predict_proba: rows }),
}

describe('slipway verify', () => {
  test('replays the recorded rows on every engine', async () => {
    expect(await report(IRIS)).toMatchObject({
      code: 0,
      document: {
        model: 'iris_logreg',
        recorded: true,
        isRight: true,
        engines: [
          { engine: 'onnxruntime', rows: 8, isRight: true, outputs: [{ output: 'predict', wrong: 0 }, {}, {}] },
          { engine: 'host-kernels', rows: 8, isRight: true },
        ],
      },
    })
    const { code, stdout } = await verify(IRIS)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^onnxruntime: 8 rows\n {2}predict: 8 values, all equal\n[^]*\niris_logreg: right\n$/)
  })

  test('runs rows of which nobody says what is right', async () => {
    const rows = await put('rows.csv', ROWS['rows.csv']?.() ?? '')
    const { code, stdout } = await verify(IRIS, '--rows', rows)
    expect([code, stdout]).toEqual([
      0,
      'onnxruntime: 3 rows, answered\nhost-kernels: 3 rows, answered\niris_logreg: right\n',
    ])
  })

  const kinds = Object.keys(ROWS).flatMap((rows) => Object.keys(EXPECTED).map((expected) => [rows, expected] as const))
  test.each(kinds)('compares the answers to %s with %s', async (rows, expected) => {
    const asked = await put(rows, ROWS[rows]?.() ?? '')
    const good = await put(expected, EXPECTED[expected]?.(iris.predict_proba) ?? '')
    expect((await verify(IRIS, '--rows', asked, '--expected', good)).code).toBe(0)
    const wrong = iris.predict_proba.map((row, i) => row.map((value, j) => (i === 1 && j === 2 ? value + 0.01 : value)))
    const bad = await put(`bad-${expected}`, EXPECTED[expected]?.(wrong) ?? '')
    const { code, stdout } = await verify(IRIS, '--rows', asked, '--expected', bad)
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /predict_proba: 1 of 9 values, .* wrong; the first in row 2, place 3: 0\.0421568\d+, expected 0\.0521568\d+\n/,
    )
    expect(stdout).toMatch(/\niris_logreg: WRONG\n$/)
  })

  test('compares labels by being equal, and numbers as near as is said', async () => {
    const rows = await put('rows.json', ROWS['rows.json']?.() ?? '')
    const labels = await put('labels.json', JSON.stringify({ predict: ['virginica', 'setosa', 'setosa'] }))
    const { code, stdout } = await verify(IRIS, '--rows', rows, '--expected', labels)
    expect(code).toBe(1)
    expect(stdout).toContain('predict: 1 of 3 values')
    expect(stdout).toContain('the first in row 2, place 1: "versicolor", expected "setosa"\n')
    const near = await put(
      'near.npz',
      npz({ predict_proba: iris.predict_proba.map((row) => row.map((p) => p + 0.001)) }),
    )
    expect((await verify(IRIS, '--rows', rows, '--expected', near)).code).toBe(1)
    expect((await verify(IRIS, '--rows', rows, '--expected', near, '--atol', '0.01')).code).toBe(0)
  })

  test('takes named columns, and other shapes for what is one column', async () => {
    const rows = await put('fraud.jsonl', fraud.rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const expected = await put('fraud.npz', npz({ predict: fraud.predict.map((label) => [Number(label)]) }))
    expect(await report(FRAUD, '--rows', rows, '--expected', expected)).toMatchObject({ code: 0 })
  })

  test.each<[string, string, string, RegExp]>([
    [
      'names no output',
      'a.csv',
      'a,b\n1,2\n',
      /names none of the model's outputs \("predict", "predict_proba", "decision_function"\): its columns are "a", "b"/,
    ],
    ['names no output', 'a.json', '{"proba": [1]}', /names none of the model's outputs/],
    ['is no JSON', 'b.json', 'predict: setosa', /"[^"]*b\.json" is no JSON/],
    ['is a list', 'c.json', '[1, 2]', /is no object/],
    [
      'has an output without a shape',
      'd.json',
      '{"outputs": [{"name": "predict", "data": []}]}',
      /an output needs "name", "shape" and "data"/,
    ],
    [
      'has an output of another size than it says',
      'e.json',
      '{"outputs": [{"name": "predict", "datatype": "FP64", "shape": [3], "data": [1]}]}',
      /"predict" has 1 value, and a shape of \[3\]/,
    ],
    ['is empty', 'f.csv', '', /names none of the model's outputs/],
    ['is no archive', 'g.npz', 'text', /archive|zip/],
  ])('says what is amiss with answers of which one %s', async (_what, name, content, message) => {
    const rows = await put('rows.json', ROWS['rows.json']?.() ?? '')
    const { code, stderr } = await verify(IRIS, '--rows', rows, '--expected', await put(name, content))
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/RangeError|TypeError|Error:|undefined/)
  })

  test('tells outputs that the model does not give, and of another shape', async () => {
    const rows = await put('rows.json', ROWS['rows.json']?.() ?? '')
    const unknown = await put('unknown.npz', npz({ probability: [[1], [2], [3]] }))
    const found = await verify(IRIS, '--rows', rows, '--expected', unknown)
    expect(found).toMatchObject({ code: 1, stdout: expect.stringContaining('probability: the model does not give it') })
    const short = await put('short.npz', npz({ predict_proba: iris.predict_proba.slice(0, 2) }))
    expect((await verify(IRIS, '--rows', rows, '--expected', short)).stdout).toContain(
      'predict_proba: it has the shape [3,3], expected is [2,3]',
    )
  })

  test.each<[string[], RegExp]>([
    [[], /name one model file or bundle/],
    [[IRIS, '--expected', 'x.csv'], /--expected says what --rows should be answered with: give both/],
    [[IRIS, '--rows', 'r', '--expected', 'x', '--against-python'], /give one of them/],
    [[IRIS, '--original', 'x'], /--original is for --against-python/],
  ])('%j is told what is missing', async (args, message) => {
    const { code, stderr } = await verify(...args)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })
})

describe.skipIf(!needs('python environment models', 'linux'))('slipway verify --against-python', () => {
  const python = ['--against-python', '--python', join(binFolder('models'), 'python')]

  test('compares with what the library of the file answers, on rows that are given or recorded', async () => {
    const rows = await put('rows.csv', ROWS['rows.csv']?.() ?? '')
    for (const more of [[], ['--rows', rows]]) {
      const { code, document } = await report(IRIS, ...more, ...python)
      expect(document).toMatchObject({
        isRight: true,
        against: {
          library: expect.stringMatching(/^(sklearn|scikit-learn) 1\./) as string,
          python: expect.stringMatching(/^3\./) as string,
          outputs: ['predict', 'predict_proba', 'decision_function'],
          onlyHere: [],
          onlyThere: [],
        },
      })
      expect(code).toBe(0)
    }
    const { stdout } = await verify(FRAUD, ...python)
    expect(stdout).toMatch(/^against {3}\S+ .* in Python 3\.\d+\.\d+\nonnxruntime: 8 rows\n/)
    expect(stdout).toMatch(/\nfraud_pipeline_gb: right\n$/)
  })

  test('compares a bundle with its original, and with no other file', async () => {
    const bundle = join(folder, 'bundle')
    expect((await runHere(['compile', IRIS, '--out', bundle, '--data', join(folder, 'data')])).code).toBe(0)
    expect(await verify(bundle, ...python)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/name that one \("iris_logreg\.pkl"\) with --original/),
    })
    expect((await verify(bundle, '--original', IRIS, ...python)).code).toBe(0)
    expect(await verify(bundle, '--original', FRAUD, ...python)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is not the file that the bundle was made of: its sha256 is 6b1e/),
    })
  })

  test('tells where a bundle answers otherwise', async () => {
    // every number is wrong where none may be apart at all
    const { code, stdout } = await verify(IRIS, ...python, '--rtol', '0', '--atol', '0')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /predict_proba: \d+ of 24 values, .* wrong; the first in row \d, place \d: \S+, expected \S+\n/,
    )
  })
})
