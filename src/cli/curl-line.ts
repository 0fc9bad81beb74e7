import { exampleRow } from '../bundle/example-row.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { createRowPrinter } from '../codecs/row-text.ts'
import { encodeV2Data, encodeV2Request } from '../codecs/v2-json-request.ts'
import { isHalf } from '../tensor/half.ts'
import { rowsOf, type Tensor, type Tensors } from '../tensor/tensor.ts'

/**
 * A line for the shell that asks a model about its example row: as a row of a data frame where it has columns, else as
 * tensors by the Open Inference Protocol, or as a row where an output is half floats, which that protocol has no JSON for.
 * @param needsKey whether the server asks for a key, which the shell has as `SLIPWAY_KEY`
 */
export function curlLine(url: string, name: string, manifest: Manifest, needsKey = false): string {
  const example = exampleRow(manifest)
  const key = needsKey ? ' -H "authorization: Bearer $SLIPWAY_KEY"' : ''
  if (manifest.signature.isRaw === true) {
    const [type, body] = ['content_type', 'body'].map((name) => textOf(example.get(name)))
    const headers = ` -H 'content-type: ${type ?? ''}' -H 'x-amzn-sagemaker-target-model: ${name}'`
    return `curl${key}${headers} ${url}/invocations -d ${quoted(body ?? '')}`
  }
  if (manifest.signature.outputs.some(({ datatype }) => isHalf(datatype))) {
    const headers = ` -H 'content-type: application/json' -H 'x-amzn-sagemaker-target-model: ${name}'`
    return `curl${key}${headers} ${url}/invocations -d ${quoted(rowsBody(example, manifest))}`
  }
  const model = encodeURIComponent(name)
  if (isTable(example, manifest)) return `curl${key} ${url}/v1/models/${model}:predict -d ${quoted(tableBody(example))}`
  return `curl${key} ${url}/v2/models/${model}/infer -d ${quoted(encodeV2Request(example))}`
}

/** Whether a row is a data frame's: a value under each of several names, which is short to write and easy to read. */
function isTable(example: Tensors, { signature }: Manifest): boolean {
  return (
    example.size > 1 &&
    [...example.values()].every(({ data, shape }) => data.length === 1 && shape.length > 0) &&
    signature.outputs.every(({ shape }) => shape.length > 0)
  )
}

function tableBody(example: Tensors): string {
  const cells = [...example].map(([name, value]) => `${JSON.stringify(name)}:${encodeV2Data(name, value)}`)
  return `{"instances":[{${cells.join(',')}}]}`
}

function textOf(value: Tensor | undefined): string {
  const [bytes] = value?.datatype === 'BYTES' ? value.data : []
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8')
}

function rowsBody(example: Tensors, { signature }: Manifest): string {
  const rows = Math.max(0, ...[...example.values()].map(rowsOf))
  const printer = createRowPrinter(example, signature.inputs, rows)
  return `{"instances":[${Array.from({ length: rows }, (_, row) => printer.json(row)).join(',')}]}`
}

/** As the shell reads it, character for character. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
