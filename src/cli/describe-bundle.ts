import type { Manifest } from '../bundle/manifest.ts'
import type { Step } from '../bundle/program.ts'
import { formatBytes } from '../core/text.ts'
import type { Signature, TensorSpec } from '../tensor/signature.ts'

/** A bundle's facts for a program to read: what `--json` prints. */
export function reportBundle(manifest: Manifest, digest: string) {
  const { name, signature, program, batching, golden, files, provenance } = manifest
  const { inputs, outputs, ...goldenFacts } = golden
  return {
    verdict: 'compiled',
    kind: 'bundle',
    name,
    digest,
    signature,
    program,
    batching,
    golden: { ...goldenFacts, inputs: Object.keys(inputs), outputs: Object.keys(outputs) },
    files,
    provenance,
  }
}

/** What is known of a bundle that its manifest does not say. */
export interface BundleDetails {
  /** Lines on what its source held. */
  readonly found?: readonly string[]
  /** Of each file with a graph. */
  readonly graphs?: Readonly<Record<string, { readonly nodes: number; readonly constantBytes: number }>>
}

/** The same for a person. */
export function describeBundle(
  manifest: Manifest,
  digest: string,
  { found = [], graphs = {} }: BundleDetails = {},
): string {
  const { name, signature, program, batching, golden, files, provenance } = manifest
  const rows = Object.values(golden.inputs)[0]?.shape[0] ?? 1
  const lines = [
    `bundle    ${name}`,
    `version   ${digest}`,
    `from      ${provenance.source.fileName} (${provenance.format}, ${formatBytes(provenance.source.sizeBytes)}${provenance.producer === '' ? '' : `, by ${provenance.producer}`})`,
    ...found,
    ...signature.inputs.map((spec, i) => `${i === 0 ? 'inputs   ' : '         '} ${describeSpec(spec)}`),
    ...signature.outputs.map(
      (spec, i) =>
        `${i === 0 ? 'outputs  ' : '         '} ${describeSpec(spec)}${withMeaning(meaningOf(spec, signature))}`,
    ),
    `program   ${program.steps.map((step) => describeStep(step, graphs)).join(', then ')}`,
    `batching  ${batching.rowsAreIndependent ? 'rows of different callers run together' : 'each request runs alone'}: ${batching.reason}`,
    Object.keys(golden.outputs).length === 0
      ? 'golden    none'
      : `golden    ${rows} rows, recorded by ${golden.recordedBy}, relative tolerance ${golden.tolerance.relative}`,
    ...Object.entries(files).map(
      ([path, { sizeBytes }], i) => `${i === 0 ? 'files    ' : '         '} ${path} (${formatBytes(sizeBytes)})`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function describeSpec({ name, datatype, shape, columns }: TensorSpec): string {
  const named = columns === undefined ? '' : `: ${columns.slice(0, 20).join(', ')}${columns.length > 20 ? ', …' : ''}`
  return `${name} ${datatype} [${shape.join(', ')}]${named}`
}

/** What an output is, by the name that its library gives it; undefined where that says nothing. */
function meaningOf({ name, datatype, shape, columns }: TensorSpec, { outputs, defaultOutputs }: Signature) {
  const [, method = name, , target] = /^(.*?)(_(\d+))?$/.exec(name) ?? []
  const isOf = (one: string) => outputs.some((other) => other.name === one || other.name.startsWith(`${one}_`))
  const isClassifier = isOf('predict_proba') || (isOf('decision_function') && datatype === 'BYTES')
  const isOutlier = isOf('score_samples') && isOf('decision_function')
  const of = target === undefined ? '' : ` of target ${target}`
  const width = shape.length < 2 ? 1 : shape.at(-1)
  const meanings: Readonly<Record<string, string | undefined>> = {
    predict: isClassifier
      ? `the label of the class${of}`
      : isOutlier
        ? '1 for what is usual, -1 for outliers'
        : datatype === 'FP64' || datatype === 'FP32'
          ? `the predicted ${width === 1 ? 'number' : 'numbers, one column a target'}${of}`
          : `the label${of}`,
    predict_proba: `probabilities${of}, one column a class${columns === undefined ? ', in their order' : ''}`,
    predict_log_proba: `logarithms of the probabilities${of}, one column a class`,
    decision_function:
      width !== 1
        ? 'scores, one column a class or pair of classes'
        : isOutlier
          ? 'above 0 for what is usual'
          : 'a score, above 0 for the second class',
    transform: 'the transformed row, one column a feature',
    score_samples: 'how usual the row is',
  }
  const meaning = Object.hasOwn(meanings, method) ? meanings[method] : undefined
  const isAsked = defaultOutputs === undefined || defaultOutputs.includes(name)
  return [...(meaning === undefined ? [] : [meaning]), ...(isAsked ? [] : ['when asked for by name'])].join('; ')
}

function withMeaning(meaning: string): string {
  return meaning === '' ? '' : ` (${meaning})`
}

function describeStep(step: Step, graphs: BundleDetails['graphs'] = {}): string {
  if (step.kind === 'onnx') {
    const size = graphs[step.file]
    const told = size === undefined ? '' : `${size.nodes} nodes, ${formatBytes(size.constantBytes)} of constants, `
    return `onnx ${step.file} (${told}optimisation ${step.optimization})`
  }
  if (step.kind === 'kernel') return `kernel ${step.kernel} (${step.file})`
  if (step.kind === 'python') return `code in Python (${step.file})`
  const around =
    step.model === undefined
      ? ''
      : `, around ${step.model.program.steps.map((each) => describeStep(each, graphs)).join(', ')}`
  return `code in TypeScript (${step.file})${around}`
}
