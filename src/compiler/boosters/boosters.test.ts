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

test('a version that is not tested is compiled on demand alone', () => {
  const text = file('xgboost-json.model')
    .toString()
    .replace(/"version":\[[^\]]*\]/, '"version":[9,1,0]')
  expect(() => compileXgboost(Buffer.from(text), TESTED)).toThrow('--allow-untested')
  expect(() => compileXgboost(Buffer.from(text), { allowUntested: true })).not.toThrow()
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
