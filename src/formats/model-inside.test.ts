import { expect, test } from 'vitest'
import { modelOfMlflow } from './folders.ts'
import { modelInside } from './model-inside.ts'

const mlmodel = (file: string) =>
  `artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: other.pkl\n  sklearn:\n    code: null\n    pickled_model: ${file}\n`

const PICKLE = Buffer.from('\x80\x04}.', 'latin1')

function inside(file: string): string {
  const files = new Map([
    ['m/MLmodel', Buffer.from(mlmodel(file))],
    ['m/model.pkl', PICKLE],
    ['m/other.pkl', PICKLE],
  ])
  return modelInside([...files.keys()], (name) => files.get(name) ?? Buffer.alloc(0), 'm.zip')
}

test('of several models, the one that MLmodel names is meant', () => {
  expect(inside('model.pkl')).toBe('m/model.pkl')
  expect(inside('"other.pkl"')).toBe('m/other.pkl')
})

test('a model that MLmodel names and that is not there is refused, and none is taken in its place', () => {
  expect(() => inside('gone.pkl')).toThrow(
    expect.objectContaining({ code: 'refused', message: expect.stringContaining('names "gone.pkl"') as unknown }),
  )
})

test.each(['../other.pkl', '/etc/passwd', 'a/../../b.pkl', '..\\b.pkl', 'C:b.pkl', './model.pkl'])(
  'an MLmodel may not name %j',
  (file) => {
    expect(() => modelOfMlflow(mlmodel(file))).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining('MLmodel names') as unknown }),
    )
  },
)
