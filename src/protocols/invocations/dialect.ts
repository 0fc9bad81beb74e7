import type { WireRequest } from '../protocol.ts'
import { parseMediaType } from '../sagemaker/media-types.ts'

/** Whose words a request is answered in, at the paths that MLflow and SageMaker share. */
export type Dialect = 'mlflow' | 'sagemaker' | 'sagemaker-runtime'

/** The first key of an object that is MLflow's own. */
const MLFLOW_KEY =
  /^(?:\xef\xbb\xbf)?[ \t\r\n]*\{[ \t\r\n]*"(?:dataframe_split|dataframe_records|inputs|params)"[ \t\r\n]*:/

/** Where that key stands in any body that a client writes (bytes). */
const HEAD_BYTES = 128

/**
 * The dialect of a request by its path, its signature and its body.
 * - `/endpoints/{model}/invocations`: SageMaker's runtime API, where the request is signed with AWS's Signature Version 4
 *   or has a header of SageMaker's or of AWS's clients, which may carry a key in the signature's place; else MLflow's.
 * - `/invocations`: MLflow's, where the body is JSON and its first key is `dataframe_split`, `dataframe_records`, `inputs`
 *   or `params`; else SageMaker's, to which `instances`, rows, CSV, JSON lines and npy belong.
 */
export function dialectOf(request: WireRequest): Dialect {
  if (request.path.startsWith('/endpoints/')) return isSagemaker(request) ? 'sagemaker-runtime' : 'mlflow'
  return bodyDialect(request)
}

/** Whose form a body has. */
export function bodyDialect({ headers, body }: WireRequest): 'mlflow' | 'sagemaker' {
  if (parseMediaType(headers['content-type'] ?? '').mediaType !== 'application/json') return 'sagemaker'
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, HEAD_BYTES)).toString('latin1')
  return MLFLOW_KEY.test(head) ? 'mlflow' : 'sagemaker'
}

function isSagemaker({ headers }: WireRequest): boolean {
  if (headers['authorization']?.startsWith('AWS4-HMAC-SHA256 ') === true) return true
  for (const name in headers) if (name.startsWith('x-amzn-sagemaker-') || name.startsWith('amz-sdk-')) return true
  return false
}
