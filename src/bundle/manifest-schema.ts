import { DATATYPES } from '../tensor/datatype.ts'
import { MODEL_NAME } from '../core/names.ts'
import { BUNDLE_FORMATS, MANIFEST_VERSION } from './manifest.ts'

const $defs: Record<string, unknown> = {}

/** A part that stands in several places: the code that checks by this schema, which every process loads, has it once. */
function define(name: string, schema: unknown) {
  $defs[name] = schema
  return { $ref: `#/$defs/${name}` }
}

const text = { type: 'string', minLength: 1, maxLength: 256 }
const tensorName = define('tensorName', text)
const sha256 = define('sha256', { type: 'string', pattern: '^[0-9a-f]{64}$' })
const datatype = define('datatype', { enum: [...DATATYPES] })
const plainPath = define('plainPath', {
  type: 'string',
  maxLength: 256,
  pattern: '^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$',
})

function object(properties: Record<string, unknown>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

function mapOf(value: unknown, propertyNames: unknown = tensorName) {
  return { type: 'object', propertyNames, additionalProperties: value, maxProperties: 4096 }
}

const tensorSpecs = define('tensorSpecs', {
  type: 'array',
  items: object(
    {
      name: tensorName,
      datatype,
      shape: { type: 'array', items: { type: 'integer', minimum: -1 }, maxItems: 8 },
      columns: { type: 'array', items: tensorName, maxItems: 1_000_000 },
      isUnused: { const: true },
      isOptional: { const: true },
      isJson: { const: true },
      isNeverMissing: { const: true },
    },
    ['columns', 'isUnused', 'isOptional', 'isJson', 'isNeverMissing'],
  ),
  minItems: 1,
  maxItems: 4096,
})
const outputNames = define('outputNames', {
  type: 'array',
  items: text, // not by reference: names are compared as texts where it is seen that they are
  minItems: 1,
  uniqueItems: true,
  maxItems: 4096,
})
const jsonTensors = define(
  'jsonTensors',
  mapOf(
    object({
      datatype,
      shape: { type: 'array', items: { type: 'integer', minimum: 0 }, maxItems: 8 },
      data: { type: 'array', items: { type: ['number', 'string'] } },
    }),
  ),
)

const renamed = define('renamed', mapOf(tensorName))
const wiring = { file: plainPath, inputs: renamed, outputs: renamed }
const onnxStep = define(
  'onnxStep',
  object({ kind: { const: 'onnx' }, ...wiring, optimization: { enum: ['off', 'basic', 'all'] } }),
)
const kernelName = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' }
const kernelStep = define('kernelStep', object({ kind: { const: 'kernel' }, ...wiring, kernel: kernelName }))
const pythonStep = define('pythonStep', object({ kind: { const: 'python' }, ...wiring }))
const modelOfCode = object(
  {
    inputs: tensorSpecs,
    outputs: outputNames,
    defaultOutputs: outputNames,
    program: programOf(onnxStep, kernelStep),
  },
  ['defaultOutputs'],
)
const typescriptStep = define(
  'typescriptStep',
  object({ kind: { const: 'typescript' }, ...wiring, datatypes: mapOf(datatype), model: modelOfCode }, ['model']),
)

function programOf(...steps: object[]) {
  return object({ steps: { type: 'array', minItems: 1, maxItems: 1024, items: { oneOf: steps } } })
}

/** JSON Schema (draft 2020-12) of `slipway.json`. */
export const MANIFEST_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Slipway bundle manifest',
  $defs,
  ...object({
    manifestVersion: { const: MANIFEST_VERSION },
    name: { type: 'string', pattern: MODEL_NAME.source },
    signature: object(
      { inputs: tensorSpecs, outputs: tensorSpecs, defaultOutputs: outputNames, isRaw: { const: true } },
      ['defaultOutputs', 'isRaw'],
    ),
    program: programOf(onnxStep, kernelStep, pythonStep, typescriptStep),
    batching: object({ rowsAreIndependent: { type: 'boolean' }, reason: { type: 'string', maxLength: 1000 } }),
    example: jsonTensors,
    golden: object({
      inputs: jsonTensors,
      outputs: jsonTensors,
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
