import { fromJsonTensor } from '../../../bundle/json-tensor.ts'
import type { Manifest } from '../../../bundle/manifest.ts'
import { encodeData } from '../../../codecs/v2-json.ts'
import { isHalf, widenHalves } from '../../../tensor/half.ts'
import type { Tensor } from '../../../tensor/tensor.ts'

/** What fills no more than a few lines of a terminal (characters). */
const MOST_CHARACTERS = 2000

/** The body of a V2 request with a bundle's example row; undefined where there is none, or it would fill the screen. */
export function exampleBodyOf({ signature, example }: Manifest): string | undefined {
  if (signature.isRaw === true || signature.outputs.some(({ datatype }) => isHalf(datatype))) return undefined
  const inputs: string[] = []
  // the manifest has them by the alphabet
  for (const { name } of signature.inputs) {
    const recorded = Object.hasOwn(example, name) ? example[name] : undefined
    if (recorded === undefined) continue
    if (recorded.data.length > MOST_CHARACTERS) return undefined
    const value = inJson(fromJsonTensor(recorded, name))
    inputs.push(
      `{"name":${JSON.stringify(name)},"shape":[${value.shape.join(',')}],"datatype":"${value.datatype}","data":[${encodeData(name, value)}]}`,
    )
  }
  const body = `{"inputs":[${inputs.join(',')}]}`
  return inputs.length === 0 || body.length > MOST_CHARACTERS ? undefined : body
}

/** Half floats as FP32, which a model that takes them takes too. */
function inJson(value: Tensor): Tensor {
  if (!isHalf(value.datatype)) return value
  return { datatype: 'FP32', shape: value.shape, data: widenHalves(value.datatype, value.data as Uint16Array) }
}
