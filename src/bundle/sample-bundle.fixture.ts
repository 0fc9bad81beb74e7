import { makeBundle, type MadeBundle } from './make.ts'
import type { Manifest } from './manifest.ts'

/** The manifest of a small bundle, but for its files; the graph in it is no real one. */
export const SAMPLE_PARTS: Omit<Manifest, 'files'> = {
  manifestVersion: 1,
  name: 'sample',
  signature: {
    inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 2], columns: ['a', 'b'] }],
    outputs: [{ name: 'y', datatype: 'INT64', shape: [-1] }],
  },
  program: {
    steps: [{ kind: 'onnx', file: 'model.onnx', inputs: { X: 'X' }, outputs: { y: 'y' }, optimization: 'basic' }],
  },
  batching: { rowsAreIndependent: true, reason: '2 rows answered the same alone and together' },
  example: { X: { datatype: 'FP32', shape: [1, 2], data: [1, 0.5] } },
  golden: {
    inputs: { X: { datatype: 'FP32', shape: [2, 2], data: [1, 0.5, 2, 'NaN'] } },
    outputs: { y: { datatype: 'INT64', shape: [2], data: ['1', '9007199254740993'] } },
    tolerance: { relative: 1e-6, absolute: 1e-9 },
    recordedBy: 'host-kernels',
  },
  provenance: {
    format: 'onnx',
    source: { fileName: 'sample.onnx', sha256: 'ab'.repeat(32), sizeBytes: 12 },
    producer: 'a test',
    compilerRevision: 1,
  },
}

/** A small bundle, with the model file and any others given. */
export function sampleBundle(others: Readonly<Record<string, string>> = {}): MadeBundle {
  const files = Object.entries({ 'model.onnx': 'not really a graph', ...others })
  return makeBundle(SAMPLE_PARTS, new Map(files.map(([path, text]) => [path, new TextEncoder().encode(text)])))
}
