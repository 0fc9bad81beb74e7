import { readFileSync, readdirSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { attachExternalData, externalFiles } from './external-data.ts'
import type { OnnxModel } from './model.ts'
import { readOnnx } from './read.ts'
import { validateOnnx } from './validate.ts'
import { writeOnnx } from './write.ts'

interface Array {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: readonly (number | string)[]
}

const folder = new URL('fixtures/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder))
const cases = JSON.parse(read('cases.json').toString()) as Record<
  string,
  { inputs: Record<string, Array>; outputs: Record<string, Array> }
>
const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'))

function load(name: string): OnnxModel {
  const model = readOnnx(read(name))
  return attachExternalData(model, new Map(externalFiles(model).map((file) => [file, read(file)])))
}

function feed({ dtype, shape, data }: Array): Tensor {
  if (dtype === 'object') return new Tensor('string', data.map(String), shape)
  if (dtype === 'bool') return new Tensor('bool', data.map(Boolean), shape)
  if (dtype === 'float64') return new Tensor('float64', Float64Array.from(data, Number), shape)
  return new Tensor('float32', Float32Array.from(data, Number), shape)
}

test('there is a recorded answer for every file', () => {
  expect(files.map((name) => name.replace('.onnx', '')).sort()).toEqual(Object.keys(cases).sort())
})

describe.each(files)('%s, made by the reference library,', (file) => {
  const { inputs, outputs } = cases[file.replace('.onnx', '')] ?? { inputs: {}, outputs: {} }

  test('is read, validated and written without loss', () => {
    const model = load(file)
    validateOnnx(model)
    const written = writeOnnx(model)
    expect(readOnnx(written)).toEqual(model)
    expect(writeOnnx(readOnnx(written))).toEqual(written)
  })

  test('answers as it did before, once written anew', async () => {
    const session = await InferenceSession.create(writeOnnx(load(file)), { logSeverityLevel: 3 })
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, feed(array)]))
    const results = await session.run(feeds, Object.keys(outputs))
    for (const [name, expected] of Object.entries(outputs)) {
      const result = results[name] as Tensor
      expect(result.dims).toEqual(expected.shape)
      const values = [...(result.data as ArrayLike<unknown> & Iterable<unknown>)]
      if (expected.dtype === 'object') expect(values).toEqual(expected.data)
      else values.forEach((value, i) => expect(Number(value)).toBeCloseTo(Number(expected.data[i]), 5))
    }
    await session.release()
  })
})
