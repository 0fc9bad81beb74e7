import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { readPythonFile } from '../../formats/python/read-joblib.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { compileEstimator } from './compile-estimator.ts'
import { dict, list } from './testing.fixture.ts'

const DEMO = join(import.meta.dirname, '../../../test/models/demo')

/** An estimator of the demo's files; of a Pipeline, its step. */
function estimator(file: string, step?: number): PyValue {
  const { root } = readPythonFile(readFileSync(join(DEMO, file)))
  if (step === undefined || root === null || typeof root !== 'object' || !('attributes' in root)) return root
  const steps = root.attributes.get('steps') as { items: { items: PyValue[] }[] }
  return steps.items[step]?.items[1] ?? null
}

const vectorizer = estimator('spam_tfidf_logreg.pkl', 0)
const spam = estimator('spam_tfidf_logreg.pkl', 1)
const scaler = estimator('iris_logreg.pkl', 0)
const iris = estimator('iris_logreg.pkl', 1)

function compiled(root: PyValue, steps: readonly string[] = []) {
  const { inputs, outputs, defaultOutputs } = compileEstimator(root, { producer: 'test', steps })
  return { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name), defaultOutputs }
}

describe('a file with several estimators', () => {
  test('of which one is a model is that model, whatever else it keeps', () => {
    expect(compiled(dict({ model: iris, threshold: 0.5, trained: 'today' }))).toEqual({
      inputs: ['X'],
      outputs: ['predict', 'predict_proba', 'decision_function'],
      defaultOutputs: ['predict'],
    })
  })

  test('that are all models gives the outputs of each under its name', () => {
    expect(compiled(dict({ eu: iris, us: iris }))).toMatchObject({
      outputs: expect.arrayContaining(['eu.predict', 'us.predict']) as string[],
      defaultOutputs: ['eu.predict', 'us.predict'],
    })
    expect(compiled(list(iris, iris)).defaultOutputs).toEqual(['0.predict', '1.predict'])
  })

  test('of which the model takes only what the other gives runs them one after the other', () => {
    expect(compiled(dict({ vectorizer, model: spam })).outputs).toContain('predict_proba')
  })

  test('that could run either way is refused, and runs as it is told', () => {
    expect(refusal(() => compiled(dict({ scaler, model: iris })))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('--steps scaler,model') as string,
    })
    expect(compiled(dict({ scaler, model: iris }), ['scaler', 'model']).outputs).toContain('predict')
  })

  test('is told what to run by names that are there and by an order that fits', () => {
    expect(refusal(() => compiled(dict({ scaler, model: iris }), ['scale'])).message).toContain(
      '--steps names "scale"; the file holds "scaler", "model"',
    )
    expect(refusal(() => compiled(dict({ scaler, model: iris }), ['model', 'scaler'])).message).toContain(
      'LogisticRegression does not transform, and stands before the last step',
    )
    expect(refusal(() => compiled(dict({ vectorizer, model: iris }), ['vectorizer', 'model'])).message).toContain(
      'LogisticRegression was fitted on 4',
    )
  })
})

describe('models in containers inside one another', () => {
  test('are found, and called by all of their keys', () => {
    const bundle = dict({ a: dict({ model: iris, scaler }), about: dict({ rows: 3n }) })
    expect(refusal(() => compiled(bundle))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('--steps a.scaler,a.model') as string,
    })
    expect(compiled(bundle, ['a.scaler', 'a.model']).outputs).toContain('predict')
    expect(compiled(dict({ eu: list(iris), us: list(iris) })).defaultOutputs).toEqual(['eu.0.predict', 'us.0.predict'])
  })

  test('are left alone below a model, where nothing of them could run before it', () => {
    expect(compiled(dict({ model: iris, folds: list(iris, iris) })).defaultOutputs).toEqual(['predict'])
    expect(refusal(() => compiled(dict({ model: iris, before: dict({ scaler }) }))).message).toContain(
      '--steps before.scaler,model',
    )
    expect(compiled(dict({ model: iris, folds: list(iris) }), ['folds.0']).outputs).toContain('predict')
  })

  test('are looked for once, also where a container holds itself', () => {
    const loop = dict({ model: iris })
    loop.entries.push(['again', loop])
    expect(compiled(loop).outputs).toContain('predict')
    let wide: PyValue = list()
    for (let i = 0; i < 40; i++) wide = list(wide, wide)
    expect(refusal(() => compiled(wide)).code).toBe('refused')
  })

  test('under one name are refused', () => {
    expect(refusal(() => compiled(dict({ 'a.b': iris, a: dict({ b: iris }) }))).message).toContain('two models')
  })
})

test('a file without a model is refused', () => {
  expect(refusal(() => compiled(dict({ threshold: 0.5 })))).toMatchObject({ code: 'refused' })
})
