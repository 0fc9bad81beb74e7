import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Dice } from '../../core/dice.fixture.ts'
import { readBoosterJson } from './json.ts'
import { readLightgbm } from './lightgbm.ts'
import { boosterMutant, readBoosterMutant } from './mutants.fixture.ts'
import { readUbjson } from './ubjson.ts'
import { readXgboost } from './xgboost.ts'

const file = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name))
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')))

describe('UBJSON', () => {
  test.each([
    [
      'numbers of every kind',
      bytes('{i', [1], 'ai', [255], 'i', [1], 'bI', [1, 0], 'i', [1], 'cl', [0, 0, 1, 0], '}'),
      { a: -1, b: 256, c: 256 },
    ],
    ['a typed list', bytes('{i', [1], 'x[$U#i', [3], [1, 2, 255], '}'), { x: [1, 2, 255] }],
    ['floats', bytes('{i', [1], 'x[$d#i', [1], [0x3f, 0x80, 0, 0], '}'), { x: [1] }],
    ['an untyped list', bytes('{i', [1], 'x[TFZ]}'), { x: [true, false, null] }],
    ['text', bytes('{i', [1], 'xSi', [2], 'hi}'), { x: 'hi' }],
  ])('reads %s', (_what, source, expected) => {
    const read = [...readUbjson(source)].map(([key, value]) => [
      key,
      ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value,
    ])
    expect(Object.fromEntries(read)).toEqual(expected)
  })

  test.each([
    ['what follows its end', bytes('{}}'), 'follow its end'],
    ['a list longer than the file', bytes('{i', [1], 'x[$U#l', [0x7f, 0, 0, 0], '}'), 'cannot follow'],
    ['types without a size', bytes('{i', [1], 'x[$T#l', [0x7f, 0, 0, 0], '}'), 'its lists are of type'],
    ['a negative length', bytes('{i', [255], 'x}'), 'a length of -1'],
    ['a key twice', bytes('{i', [1], 'xTi', [1], 'xF}'), 'stands twice'],
    ['depth', bytes('{', ...(Array.from({ length: 100 }, () => ['i', [1], 'x{']).flat() as string[])), 'deep'],
  ])('is refused for %s', (_what, source, message) => {
    expect(() => readUbjson(source)).toThrow(message)
  })
})

test('JSON of boosters has NaN and Infinity, and no key twice', () => {
  const read = readBoosterJson(Buffer.from('{"a": [1, NaN, -Infinity], "b\\u0041": [[], "x"], "c": 1e-3}'))
  expect(read.get('a')).toEqual(Float64Array.of(1, Number.NaN, -Infinity))
  expect(read.get('bA')).toEqual([[], 'x'])
  expect(() => readBoosterJson(Buffer.from('{"a": 1, "a": 2}'))).toThrow('stands twice')
  expect(() => readBoosterJson(Buffer.from(`{"a": ${'['.repeat(100)}`))).toThrow('deep')
  expect(() => readBoosterJson(Buffer.from('{"a": 1} {}'))).toThrow('follows its end')
})

describe('XGBoost', () => {
  test('is the same model in both of its forms', () => {
    const [json, ubj] = [readXgboost(file('xgboost-json.model')), readXgboost(file('xgboost-ubj.model'))]
    expect(ubj).toEqual(json)
    expect(json).toMatchObject({
      objective: 'binary:logistic',
      features: 2,
      featureNames: ['size', 'city'],
      categories: [undefined, { kind: 'text', values: ['Bern', 'Lodz', 'Rio'] }],
    })
    expect(json.trees).toHaveLength(2)
  })

  test('in its old binary form is turned down with the line that converts it', () => {
    expect(() => readXgboost(Buffer.from('binf\0\0'))).toThrow('booster.save_model("model.ubj")')
  })

  test('whose categories were cut short, as it does with text beyond ASCII, is refused', () => {
    const text = file('xgboost-json.model').toString().replace('"values":[66,', '"values":[-59,')
    expect(() => readXgboost(Buffer.from(text))).toThrow('cut its categories short')
  })

  test('of before 1.6 grows as many trees side by side as its training says, or as early stopping has noted', () => {
    const text = file('xgboost-json.model')
      .toString()
      .replace(/"iteration_indptr":\[[^\]]*\],?/, '')
      .replace(/"num_parallel_tree":"\d+",?/, '')
    const startsOf = (whole: string) => Array.from(readXgboost(Buffer.from(whole)).iterationStarts)
    expect(startsOf(text)).toEqual([0, 1, 2])
    const config = '{"learner":{"gradient_booster":{"gbtree_train_param":{"num_parallel_tree":"2"}}}}'
    expect(startsOf(`{"Config":${config},"Model":${text}}`)).toEqual([0, 2])
    const noted = text.replace(/"attributes":\{[^}]*\}/, '"attributes":{"best_iteration":"0","best_ntree_limit":"2"}')
    expect(noted).not.toBe(text)
    expect(startsOf(noted)).toEqual([0, 2])
  })

  test('with arrays of different lengths is refused', () => {
    const text = file('xgboost-json.model').toString().replace('"default_left":[', '"default_left":[0,')
    expect(() => readXgboost(Buffer.from(text))).toThrow('default_left is not a list of')
  })
})

describe('LightGBM', () => {
  test('reads trees, categories and what the data frame called them', () => {
    const model = readLightgbm(file('lightgbm-text.model'))
    expect(model).toMatchObject({
      objective: { name: 'binary' },
      features: 2,
      featureNames: ['size', 'city'],
      categoricalFeatures: [1],
      pandasCategorical: [['Bern', 'Rio', 'Łódź']],
    })
    expect(model.trees).toHaveLength(2)
  })

  test('reads leaves that are linear models', () => {
    const { trees } = readLightgbm(file('lightgbm-linear.model'))
    const [first, later] = [trees[0]?.linear, trees[3]?.linear]
    expect(first?.starts).toEqual(Int32Array.of(0, 0, 0, 0))
    expect(later?.constants).toHaveLength(3)
    expect(later?.features).toHaveLength(later?.starts[3] ?? -1)
    expect(later?.coefficients).toHaveLength(later?.starts[3] ?? -1)
    expect(readLightgbm(file('lightgbm-text.model')).trees[0]?.linear).toBeUndefined()
  })

  test.each([
    ['more features of leaves than it names', /num_features=1/, 'num_features=2'],
    ['a negative number of features', /num_features=1/, 'num_features=-1'],
    ['fewer coefficients than features', /leaf_coeff=[-\d]\S*/, 'leaf_coeff='],
    ['features that are none', /leaf_features=\d/, 'leaf_features=0.5'],
    ['no constants', /leaf_const=.*/, ''],
  ])('whose leaves are linear models is refused for %s', (_what, from, to) => {
    const text = file('lightgbm-linear.model').toString()
    const changed = text.replace(from, to)
    expect(changed).not.toBe(text)
    expect(() => readLightgbm(changed)).toThrow(expect.objectContaining({ code: 'refused' }) as Error)
  })

  test.each([
    ['a threshold too few', /threshold=\S+ /, 'threshold='],
    ['a word among numbers', /leaf_value=\S+/, 'leaf_value=one'],
    ['a tree out of its order', 'Tree=1', 'Tree=5'],
    ['no end', 'end of trees', ''],
  ])('is refused for %s', (_what, from, to) => {
    const text = file('lightgbm-text.model').toString().replace(from, to)
    expect(() => readLightgbm(text)).toThrow(expect.objectContaining({ code: 'refused' }) as Error)
  })
})

test('a damaged file of a booster ends in a refusal, or is read', () => {
  let read = 0
  for (let seed = 0; seed < 3000; seed++) if (readBoosterMutant(boosterMutant(new Dice(seed)))) read++
  expect(read).toBeGreaterThan(100)
  expect(read).toBeLessThan(2900)
})
