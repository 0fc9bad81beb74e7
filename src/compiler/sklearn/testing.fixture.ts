import type { NdArray, PyDict, PyGlobal, PyList, PyObject, PyTuple, PyValue } from '../../formats/python/values.ts'

/** A class or function as a file names it. */
export function global(path: string): PyGlobal {
  const at = path.lastIndexOf('.')
  return { kind: 'global', module: path.slice(0, at), name: path.slice(at + 1), offset: 0, verdict: 'data' }
}

/** An object of a class, as a pickle gives it: `estimator('sklearn.svm._classes.SVC', { C: 1 })`. */
export function estimator(path: string, attributes: Readonly<Record<string, PyValue>>): PyObject {
  return {
    kind: 'object',
    class: global(path),
    made: 'instance',
    args: [],
    keywords: undefined,
    attributes: new Map(Object.entries({ _sklearn_version: '1.5.2', ...attributes })),
    state: undefined,
    items: [],
    entries: [],
  }
}

export function list(...items: readonly PyValue[]): PyList {
  return { kind: 'list', items: [...items] }
}

export function tuple(...items: readonly PyValue[]): PyTuple {
  return { kind: 'tuple', items }
}

export function dict(entries: Readonly<Record<string, PyValue>>): PyDict {
  return { kind: 'dict', entries: Object.entries(entries), byName: new Map(Object.entries(entries)) }
}

/** A float64 array; @param shape of one dimension where none is given */
export function doubles(data: readonly number[], shape: readonly number[] = [data.length]): NdArray {
  const dtype = { kind: 'dtype', code: 'f', itemSize: 8, fields: undefined, unit: undefined } as const
  return { kind: 'ndarray', holds: 'numbers', dtype, shape, data: Float64Array.from(data) }
}

/** An array of objects of one dimension. */
export function objects(...data: readonly PyValue[]): NdArray {
  const dtype = { kind: 'dtype', code: 'O', itemSize: 8, fields: undefined, unit: undefined } as const
  return { kind: 'ndarray', holds: 'objects', dtype, shape: [data.length], data }
}
