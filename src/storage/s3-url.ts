import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** Where objects lie in S3, or in what speaks as it does. */
export interface S3Place {
  readonly bucket: string
  /** Empty, or ends in `/`. */
  readonly prefix: string
  /** Of what speaks as S3 does; AWS's own when absent. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
}

/**
 * @param text `s3://bucket/prefix`, with `?endpoint=https://host:port&region=name` for what is not AWS
 * @throws {ServingError} `invalid_argument`
 */
export function parseS3Url(text: string): S3Place {
  const [, bucket, path = '', query = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?#]*))?(?:\?(.*))?$/.exec(text) ?? []
  const names = path.split('/').filter((name) => name !== '')
  if (bucket === undefined || !names.every((name) => /^[A-Za-z0-9_][A-Za-z0-9_.=@+-]{0,199}$/.test(name)))
    throw notTaken('it is s3://bucket or s3://bucket/prefix')
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys())
    if (name !== 'endpoint' && name !== 'region')
      throw notTaken(`${quote(name)} is none of its parameters, which are endpoint and region`)
  const endpoint = parameters.get('endpoint') ?? undefined
  const region = parameters.get('region') ?? undefined
  if (endpoint !== undefined) checkEndpoint(endpoint)
  if (region !== undefined && !/^[a-z0-9-]{1,40}$/.test(region)) throw notTaken(`${quote(region)} is no region`)
  return { bucket, prefix: names.map((name) => `${name}/`).join(''), endpoint, region }
}

function checkEndpoint(text: string): void {
  const url = URL.parse(text)
  const isPlain =
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === ''
  if (!isPlain)
    throw notTaken(
      'the endpoint is a URL of https or http, without credentials: those come from AWS_ACCESS_KEY_ID and the like',
    )
}

/** The URL may hold what nobody else should read: it is not shown. */
function notTaken(why: string): ServingError {
  return new ServingError('invalid_argument', `the storage's URL is not taken: ${why}`, {
    details: { reason: 'storage_url' },
  })
}
