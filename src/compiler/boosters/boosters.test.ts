import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Dice } from '../../core/dice.fixture.ts'
import { ServingError } from '../../core/errors.ts'
import { ENGINES } from '../../engines/index.ts'
import { loadProgram } from '../../engines/program.ts'
import { boosterMutant } from '../../formats/boosters/mutants.fixture.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { CompiledModel } from '../compile-onnx.ts'
import { compileLightgbm, compileXgboost } from './compile-booster.ts'

const file = (name: string) => readFileSync(join(import.meta.dirname, '../../formats/boosters/fixtures', name))
const TESTED = { allowUntested: false }

/** Rows of the frame that the models of the fixtures were trained on. */
function rowsOf(rows: readonly (readonly [size: number, city: string])[]): Tensors {
  const shape = [rows.length, 1]
  return new Map([
    ['size', { datatype: 'FP64' as const, shape, data: Float64Array.from(rows, ([size]) => size) }],
    ['city', { datatype: 'BYTES' as const, shape, data: rows.map(([, city]) => Buffer.from(city)) }],
  ])
}

async function predict(model: CompiledModel, rows: Tensors): Promise<number[]> {
  const program = await loadProgram(model.program, ENGINES, (path) => model.files.get(path) as Uint8Array)
  const outputs = await program.run(rows, ['predict'])
  program.release()
  return Array.from(outputs.get('predict')?.data as Float64Array)
}

const rowsIn = (city: string) =>
  rowsOf([
    [Number.NaN, city],
    [0.708, city],
    [0.291, 'Rio'],
    [0.511, city],
  ])

describe('a model over categories that are text', () => {
  test.each(['xgboost-json.model', 'xgboost-ubj.model'])('answers from %s as XGBoost does', async (name) => {
    const model = compileXgboost(file(name), TESTED)
    expect(model.inputs).toMatchObject([
      { name: 'size', datatype: 'FP64' },
      { name: 'city', datatype: 'BYTES' },
    ])
    const found = await predict(model, rowsIn('Lodz'))
    const expected = [0.46774056553840637, 0.5732219219207764, 0.2602594792842865, 0.6552681922912598]
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 6))
  })

  test('answers as LightGBM does', async () => {
    const found = await predict(compileLightgbm(file('lightgbm-text.model'), TESTED), rowsIn('Łódź'))
    const expected = [0.38056898, 0.56452648, 0.38056898, 0.38056898]
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 7))
  })

  test('sends rows without a category where XGBoost and LightGBM send them', async () => {
    const rows = rowsOf([
      [0.3, ''],
      [0.9, ''],
    ])
    const xgboost = await predict(compileXgboost(file('xgboost-json.model'), TESTED), rows)
    ;[0.6639163494110107, 0.5732219219207764].forEach((value, i) => expect(xgboost[i]).toBeCloseTo(value, 6))
    const lightgbm = await predict(compileLightgbm(file('lightgbm-text.model'), TESTED), rows)
    ;[0.3805689772378662, 0.5645264789344299].forEach((value, i) => expect(lightgbm[i]).toBeCloseTo(value, 12))
  })

  test('takes what it does not know for missing in LightGBM, and refuses it in XGBoost, as they do', async () => {
    const unknown = rowsOf([[0.3, 'Ulm']])
    const missing = rowsOf([[0.3, '']])
    const lightgbm = compileLightgbm(file('lightgbm-text.model'), TESTED)
    expect(await predict(lightgbm, unknown)).toEqual(await predict(lightgbm, missing))
    await expect(predict(compileXgboost(file('xgboost-json.model'), TESTED), unknown)).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })
})

test('leaves that are linear models answer as LightGBM has them, also where a feature is missing', async () => {
  const model = compileLightgbm(file('lightgbm-linear.model'), TESTED)
  const rows = [
    [0.5, 0.25, -1],
    [Number.NaN, 1, 1],
    [-2, Number.NaN, 0.3],
    [1, 1, Number.NaN],
    [Number.NaN, Number.NaN, Number.NaN],
    [3, -4, 2.5],
  ]
  const X = { datatype: 'FP64' as const, shape: [rows.length, 3], data: Float64Array.from(rows.flat()) }
  const found = await predict(model, new Map([['X', X]]))
  const expected = [
    [0.20996894467491, 0.7328713997747061, 0.057159655550383937],
    [0.09649056032834305, 0.24029906060321496, 0.6632103790684419],
    [0.7594512295116502, 0.1630606367565167, 0.07748813373183315],
    [0.0840516208316611, 0.2297632527080034, 0.6861851264603356],
    [0.21938853833704516, 0.546362872078988, 0.23424858958396677],
    [0.14446128167362468, 0.7872971898500539, 0.06824152847632141],
  ]
  found.forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i] as number, 14))
})

test('a leaf of a feature that the model does not have is refused', () => {
  const text = file('lightgbm-linear.model')
    .toString()
    .replace(/leaf_features=\d/, 'leaf_features=7')
  expect(() => compileLightgbm(Buffer.from(text), TESTED)).toThrow('features that it does not have')
})

test.each(['9,1,0', '1,2,1'])('the version %s that is not tested is compiled on demand alone', (version) => {
  const text = file('xgboost-json.model')
    .toString()
    .replace(/"version":\[[^\]]*\]/, `"version":[${version}]`)
  expect(() => compileXgboost(Buffer.from(text), TESTED)).toThrow('--allow-untested')
  expect(() => compileXgboost(Buffer.from(text), { allowUntested: true })).not.toThrow()
})

test('labels that an old wrapper has numbered by itself and noted in its file are what it predicts', () => {
  const noted = (labels: string) =>
    compileXgboost(
      Buffer.from(
        file('xgboost-json.model')
          .toString()
          .replace(
            '"attributes":{}',
            `"attributes":{"scikit_learn":${JSON.stringify(`{"_estimator_type":"classifier","_le":{"classes_":${labels}}}`)}}`,
          ),
      ),
      TESTED,
    ).outputs
  expect(noted('["bad","good"]')).toMatchObject([{ datatype: 'BYTES' }, { columns: ['bad', 'good'] }])
  expect(noted('[3,7]')).toMatchObject([{ datatype: 'INT64' }, { columns: ['3', '7'] }])
  for (const labels of ['[0.5,1]', '[1]', '{}'])
    expect(() => noted(labels)).toThrow('labels of its own that are neither text nor whole numbers')
})

test('a form of LightGBM that is not known is compiled on demand alone', () => {
  const text = file('lightgbm-text.model').toString().replace('version=v4', 'version=v9')
  expect(() => compileLightgbm(Buffer.from(text), TESTED)).toThrow('"v9" of LightGBM')
  expect(() => compileLightgbm(Buffer.from(text), { allowUntested: true })).not.toThrow()
})

test('an objective that is not known is refused by name', () => {
  const text = file('xgboost-json.model').toString().replace('binary:logistic', 'binary:new')
  expect(() => compileXgboost(Buffer.from(text), TESTED)).toThrow('"binary:new" is not covered')
  const light = file('lightgbm-text.model').toString().replace('objective=binary', 'objective=newer')
  expect(() => compileLightgbm(Buffer.from(light), TESTED)).toThrow('"newer" is not covered')
})

test('a damaged file is compiled or refused, whatever is damaged', () => {
  let compiled = 0
  for (let seed = 0; seed < 1500; seed++) {
    const bytes = boosterMutant(new Dice(seed))
    try {
      if (bytes[0] === 0x7b) compileXgboost(bytes, TESTED)
      else compileLightgbm(bytes, TESTED)
      compiled++
    } catch (error) {
      if (!(error instanceof ServingError)) throw error
      expect(['refused', 'unsupported', 'too_large']).toContain(error.code)
    }
  }
  expect(compiled).toBeGreaterThan(20)
})
