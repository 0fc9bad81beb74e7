import type { Manifest } from '../bundle/manifest.ts'
import { formatBytes } from '../core/text.ts'
import type { TensorSpec } from '../tensor/signature.ts'

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

/** The same for a person. */
export function describeBundle(manifest: Manifest, digest: string): string {
  const { name, signature, program, batching, golden, files, provenance } = manifest
  const rows = Object.values(golden.inputs)[0]?.shape[0] ?? 1
  const lines = [
    `bundle    ${name}`,
    `version   ${digest}`,
    `from      ${provenance.source.fileName} (${provenance.format}, ${formatBytes(provenance.source.sizeBytes)}${provenance.producer === '' ? '' : `, by ${provenance.producer}`})`,
    ...signature.inputs.map((spec, i) => `${i === 0 ? 'inputs   ' : '         '} ${describeSpec(spec)}`),
    ...signature.outputs.map((spec, i) => `${i === 0 ? 'outputs  ' : '         '} ${describeSpec(spec)}`),
    `program   ${program.steps.map((step) => `${step.kind} ${step.file} (optimisation ${step.optimization})`).join(', then ')}`,
    `batching  ${batching.rowsAreIndependent ? 'rows of different callers run together' : 'each request runs alone'}: ${batching.reason}`,
    `golden    ${rows} rows, recorded by ${golden.recordedBy}, relative tolerance ${golden.tolerance.relative}`,
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
