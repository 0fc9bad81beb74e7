import { expect, test } from 'vitest'
import type { Manifest } from '../bundle/manifest.ts'
import { validateBundle } from './validate-bundle.ts'

const MATRIX = { datatype: 'FP64', shape: [2, 1], data: [1, -4] } as const

/** A program of one kernel that takes magnitudes. */
const GOOD = {
  manifestVersion: 1,
  name: 'magnitude',
  signature: {
    inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 1] }],
    outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 1] }],
  },
  program: {
    steps: [
      { kind: 'kernel', kernel: 'number-function', file: 'k.json', inputs: { in0: 'x' }, outputs: { out0: 'y' } },
    ],
  },
  batching: { rowsAreIndependent: true, reason: '' },
  example: {},
  golden: {
    inputs: { x: MATRIX },
    outputs: { y: { ...MATRIX, data: [1, 4] } },
    tolerance: { relative: 0, absolute: 0 },
    recordedBy: '',
  },
  files: {},
  provenance: {
    format: 'pickle',
    source: { fileName: '', sha256: '', sizeBytes: 0 },
    producer: '',
    compilerRevision: 1,
  },
} satisfies Manifest

const { signature, program, golden } = GOOD
const [x] = signature.inputs as [(typeof signature.inputs)[number]]
const [y] = signature.outputs as [(typeof signature.outputs)[number]]
const [step] = program.steps as [(typeof program.steps)[number]]

function validated(changes: Partial<Manifest>, parameters = '{"function": "abs"}') {
  const files = new Map([['k.json', Buffer.from(parameters)]])
  return validateBundle({ manifest: { ...GOOD, ...changes }, digest: '', files })
}

test('a program that gives what its signature says is let in', () => {
  expect(validated({}).manifest.name).toBe('magnitude')
})

test.each<[string, Partial<Manifest>, string]>([
  ['an input twice', { signature: { ...signature, inputs: [x, x] } }, 'has two inputs "x"'],
  ['an output twice', { signature: { ...signature, outputs: [y, y] } }, 'has two outputs "y"'],
  ['a default that is no output', { signature: { ...signature, defaultOutputs: ['x'] } }, 'default output "x" is none'],
  [
    'independent rows of what has no rows',
    { signature: { ...signature, inputs: [x, { ...x, name: 'z', shape: [4] }] } },
    '"z" of shape [4] has no rows',
  ],
  ['an input that is read as unused', { signature: { ...signature, inputs: [{ ...x, isUnused: true }] } }, 'be unused'],
  [
    'another datatype than is recorded',
    { signature: { ...signature, outputs: [{ ...y, datatype: 'INT64' }] } },
    '"y" is INT64 of shape [-1,1], recorded is FP64 of shape [2,1]',
  ],
  ['an output without a recorded answer', { golden: { ...golden, outputs: {} } }, 'no answer for the output "y"'],
  ['an unknown kernel', { program: { steps: [{ ...step, kernel: 'eval' }] } }, 'names the host kernel "eval"'],
  [
    'a kernel with one input more',
    { program: { steps: [{ ...step, inputs: { in0: 'x', in1: 'x' } }] } },
    'takes "in0"',
  ],
  [
    'a value before it is given',
    { program: { steps: [{ ...step, inputs: { in0: 'y' } }] } },
    'no step before it gives',
  ],
  ['a value given twice', { program: { steps: [step, step] } }, 'gives the value "y" twice'],
  ['a missing file', { program: { steps: [{ ...step, file: 'j.json' }] } }, '"j.json", which is not in the bundle'],
])('%s is refused', (_what, changes, message) => {
  expect(() => validated(changes)).toThrow(
    expect.objectContaining({ code: 'refused', message: expect.stringContaining(message) }),
  )
})
