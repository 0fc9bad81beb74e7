import { DATATYPES } from '../tensor/datatype.ts'
import { MODEL_NAME } from '../core/names.ts'
import { BUNDLE_FORMATS, MANIFEST_VERSION } from './manifest.ts'

const tensorNames = { type: 'string', minLength: 1, maxLength: 256 }
const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const datatype = { enum: [...DATATYPES] }
const plainPath = {
  type: 'string',
  maxLength: 256,
  pattern: '^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$',
}

function object(properties: Record<string, unknown>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

function mapOf(value: unknown, propertyNames: unknown = tensorNames) {
  return { type: 'object', propertyNames, additionalProperties: value, maxProperties: 4096 }
}

const tensorSpec = object(
  {
    name: tensorNames,
    datatype,
    shape: { type: 'array', items: { type: 'integer', minimum: -1 }, maxItems: 8 },
    columns: { type: 'array', items: tensorNames, maxItems: 1_000_000 },
    isUnused: { const: true },
    isOptional: { const: true },
    isJson: { const: true },
    isNeverMissing: { const: true },
  },
  ['columns', 'isUnused', 'isOptional', 'isJson', 'isNeverMissing'],
)

const jsonTensor = object({
  datatype,
  shape: { type: 'array', items: { type: 'integer', minimum: 0 }, maxItems: 8 },
  data: { type: 'array', items: { type: ['number', 'string'] } },
})

const wiring = { file: plainPath, inputs: mapOf(tensorNames), outputs: mapOf(tensorNames) }
const onnxStep = object({ kind: { const: 'onnx' }, ...wiring, optimization: { enum: ['off', 'basic', 'all'] } })
const kernelName = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' }
const kernelStep = object({ kind: { const: 'kernel' }, ...wiring, kernel: kernelName })

const pythonStep = object({ kind: { const: 'python' }, ...wiring })
const modelOfCode = object(
  {
    inputs: { type: 'array', items: tensorSpec, minItems: 1, maxItems: 4096 },
    outputs: { type: 'array', items: tensorNames, minItems: 1, uniqueItems: true, maxItems: 4096 },
    defaultOutputs: { type: 'array', items: tensorNames, minItems: 1, uniqueItems: true, maxItems: 4096 },
    program: object({
      steps: { type: 'array', minItems: 1, maxItems: 1024, items: { oneOf: [onnxStep, kernelStep] } },
    }),
  },
  ['defaultOutputs'],
)
const typescriptStep = object(
  { kind: { const: 'typescript' }, ...wiring, datatypes: mapOf(datatype), model: modelOfCode },
  ['model'],
)

/** JSON Schema (draft 2020-12) of `slipway.json`. */
export const MANIFEST_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Slipway bundle manifest',
  ...object({
    manifestVersion: { const: MANIFEST_VERSION },
    name: { type: 'string', pattern: MODEL_NAME.source },
    signature: object(
      {
        inputs: { type: 'array', items: tensorSpec, minItems: 1, maxItems: 4096 },
        outputs: { type: 'array', items: tensorSpec, minItems: 1, maxItems: 4096 },
        defaultOutputs: { type: 'array', items: tensorNames, minItems: 1, uniqueItems: true, maxItems: 4096 },
        isRaw: { const: true },
      },
      ['defaultOutputs', 'isRaw'],
    ),
    program: object({
      steps: {
        type: 'array',
        minItems: 1,
        maxItems: 1024,
        items: { oneOf: [onnxStep, kernelStep, pythonStep, typescriptStep] },
      },
    }),
    batching: object({ rowsAreIndependent: { type: 'boolean' }, reason: { type: 'string', maxLength: 1000 } }),
    example: mapOf(jsonTensor),
    golden: object({
      inputs: mapOf(jsonTensor),
      outputs: mapOf(jsonTensor),
      tolerance: object({ relative: { type: 'number', minimum: 0 }, absolute: { type: 'number', minimum: 0 } }),
      recordedBy: { type: 'string', maxLength: 100 },
    }),
    files: mapOf(object({ sha256, sizeBytes: { type: 'integer', minimum: 0 } }), plainPath),
    provenance: object({
      format: { enum: [...BUNDLE_FORMATS] },
      source: object({
        fileName: { type: 'string', maxLength: 256 },
        sha256,
        sizeBytes: { type: 'integer', minimum: 0 },
      }),
      producer: { type: 'string', maxLength: 1000 },
      compilerRevision: { type: 'integer', minimum: 1 },
    }),
  }),
} as const
