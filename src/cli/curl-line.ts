import { fromJsonTensor } from '../bundle/json-tensor.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { createRowPrinter } from '../codecs/row-text.ts'
import { encodeData } from '../codecs/v2-json.ts'
import { isHalf, widenHalves } from '../tensor/half.ts'
import { rowsOf, type Tensor, type Tensors } from '../tensor/tensor.ts'

/**
 * A line for the shell that asks a model about its example row: as a row of a data frame where it has columns, else as
 * tensors by the Open Inference Protocol, or as a row where an output is half floats, which that protocol has no JSON for.
 * @param needsKey whether the server asks for a key, which the shell has as `SLIPWAY_KEY`
 */
export function curlLine(url: string, name: string, manifest: Manifest, needsKey = false): string {
  // the manifest has them by the alphabet
  const example = new Map(
    manifest.signature.inputs.flatMap(({ name: input }): [string, Tensor][] => {
      const recorded = Object.hasOwn(manifest.example, input) ? manifest.example[input] : undefined
      return recorded === undefined ? [] : [[input, fromJsonTensor(recorded, input)]]
    }),
  )
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
  return `curl${key} ${url}/v2/models/${model}/infer -d ${quoted(tensorsBody(example))}`
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
  const cells = [...example].map(([name, value]) => `${JSON.stringify(name)}:${encodeData(name, inJson(value))}`)
  return `{"instances":[{${cells.join(',')}}]}`
}

function textOf(value: Tensor | undefined): string {
  const [bytes] = value?.datatype === 'BYTES' ? value.data : []
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8')
}

function tensorsBody(example: Tensors): string {
  const inputs = [...example].map(([input, recorded]) => {
    const value = inJson(recorded)
    return `{"name":${JSON.stringify(input)},"shape":[${value.shape.join(',')}],"datatype":"${value.datatype}","data":[${encodeData(input, value)}]}`
  })
  return `{"inputs":[${inputs.join(',')}]}`
}

/** Half floats as FP32, which a model that takes them takes too. */
function inJson(value: Tensor): Tensor {
  if (!isHalf(value.datatype)) return value
  return { datatype: 'FP32', shape: value.shape, data: widenHalves(value.datatype, value.data as Uint16Array) }
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
