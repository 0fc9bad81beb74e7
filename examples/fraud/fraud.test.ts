import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { readOnnx } from '../../src/onnx/index.ts'
import { makeModel, type Coefficients } from './make-model.ts'

const trained = JSON.parse(readFileSync(join(import.meta.dirname, 'coefficients.json'), 'utf8')) as Coefficients
const file = readFileSync(join(import.meta.dirname, 'fraud.onnx'))
const { expected, features } = trained

async function run(rows: readonly (readonly number[])[]): Promise<ort.InferenceSession.ReturnType> {
  const session = await ort.InferenceSession.create(file, { graphOptimizationLevel: 'basic' })
  try {
    const data = Float64Array.from(rows.flat())
    return await session.run({ X: new ort.Tensor('float64', data, [rows.length, features.length]) })
  } finally {
    await session.release()
  }
}

describe('the fraud example', () => {
  test('its committed model is what make-model.ts makes of its coefficients, every time', () => {
    expect(Buffer.from(makeModel(trained)).equals(file)).toBe(true)
    expect(makeModel(trained)).toEqual(makeModel(trained))
  })

  test("gives scikit-learn's labels, and its probabilities to 1e-12", async () => {
    const outputs = await run(expected.X)
    expect(outputs['predict']?.dims).toEqual([expected.X.length])
    expect(Array.from(outputs['predict']?.data as BigInt64Array, Number)).toEqual(expected.predict)
    expect(outputs['predict_proba']?.dims).toEqual([expected.X.length, 2])
    const probabilities = Array.from(outputs['predict_proba']?.data as Float64Array)
    const wanted = expected.predict_proba.flat()
    expect(probabilities).toHaveLength(wanted.length)
    probabilities.forEach((found, i) => {
      expect(Math.abs(found - (wanted[i] ?? Number.NaN))).toBeLessThan(1e-12)
    })
  })

  test('a row alone has the same bits as among others', async () => {
    const together = (await run(expected.X))['predict_proba']?.data as Float64Array
    const alone = await Promise.all(expected.X.map((row) => run([row])))
    expect(alone.flatMap((outputs) => Array.from(outputs['predict_proba']?.data as Float64Array))).toEqual(
      Array.from(together),
    )
  })

  test('its file names the columns and carries the example transactions', () => {
    const { metadata } = readOnnx(file)
    expect(JSON.parse(metadata.get('slipway.columns.X') ?? '')).toEqual(features)
    expect(JSON.parse(metadata.get('slipway.example.X') ?? '')).toEqual(expected.X)
  })

  test('its CSV file has a header of the columns and 1,000 rows of numbers, under 80 KB', () => {
    const bytes = readFileSync(join(import.meta.dirname, 'transactions.csv'))
    const [header, ...rows] = bytes.toString('utf8').trimEnd().split('\n')
    expect(bytes.byteLength).toBeLessThan(80_000)
    expect(header?.split(',')).toEqual(features)
    expect(rows).toHaveLength(1_000)
    for (const row of rows) {
      const cells = row.split(',')
      expect(cells).toHaveLength(features.length)
      expect(cells.every((cell) => /^\d+(\.\d+)?$/.test(cell))).toBe(true)
    }
  })
})
