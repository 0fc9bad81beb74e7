import { exampleRow } from '../../../bundle/example-row.ts'
import type { Manifest } from '../../../bundle/manifest.ts'
import { encodeV2Request } from '../../../codecs/v2-json-request.ts'
import { isHalf } from '../../../tensor/half.ts'

/** What fills no more than a few lines of a terminal (characters). */
const MOST_CHARACTERS = 2000

/** The body of a V2 request with a bundle's example row; undefined where there is none, or it would fill the screen. */
export function exampleBodyOf(manifest: Manifest): string | undefined {
  const { signature, example } = manifest
  if (signature.isRaw === true || signature.outputs.some(({ datatype }) => isHalf(datatype))) return undefined
  if (Object.values(example).some(({ data }) => data.length > MOST_CHARACTERS)) return undefined
  const row = exampleRow(manifest)
  const body = encodeV2Request(row)
  return row.size === 0 || body.length > MOST_CHARACTERS ? undefined : body
}
