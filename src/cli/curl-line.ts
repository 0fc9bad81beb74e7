import { fromJsonTensor } from '../bundle/json-tensor.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { encodeData } from '../codecs/v2-json.ts'

/**
 * A line for the shell that asks a model about its example row.
 * @param needsKey whether the server asks for a key, which the shell has as `SLIPWAY_KEY`
 */
export function curlLine(url: string, name: string, manifest: Manifest, needsKey = false): string {
  const inputs = Object.entries(manifest.example).map(([input, recorded]) => {
    const value = fromJsonTensor(recorded, input)
    return `{"name":${JSON.stringify(input)},"shape":[${value.shape.join(',')}],"datatype":"${value.datatype}","data":[${encodeData(input, value)}]}`
  })
  const body = `{"inputs":[${inputs.join(',')}]}`
  const key = needsKey ? ' -H "authorization: Bearer $SLIPWAY_KEY"' : ''
  return `curl${key} ${url}/v2/models/${encodeURIComponent(name)}/infer -d '${body.replaceAll("'", `'\\''`)}'`
}
