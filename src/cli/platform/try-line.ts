import { DEFAULT_PROJECT, type Version } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import { type Platform } from './find-platform.ts'
import { shellWord } from './same-way.ts'

/** Where an endpoint answers, and a line for the shell that asks it about the model's example. */
export async function tryLine(
  platform: Platform,
  project: string,
  endpoint: string,
  version: Version | undefined,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly curl: string | undefined }> {
  const base = await invocationUrl(platform, signal)
  const url = `${base}/v2/models/${encodeURIComponent(endpoint)}/infer`
  const body = version?.bundle?.exampleBody
  // a key of the whole platform is asked for the default project unless it says which
  const named = project === DEFAULT_PROJECT ? '' : ` -H ${quoted(`x-slipway-project: ${project}`)}`
  const curl = body === undefined ? undefined : `curl ${platform.curlOptions}${named} ${url} -d ${quoted(body)}`
  return { url, curl }
}

/** Where invocations go: as the platform's file says, else as itself says, else as it usually is. */
async function invocationUrl({ url, client }: Platform, signal: AbortSignal): Promise<string> {
  if (url !== undefined) return url
  const server = await client.call('getServer', { signal }).catch((error: unknown) => {
    if (error instanceof ServingError && error.code === 'permission_denied') return undefined
    throw error
  })
  if (server?.url !== undefined) return server.url
  const { protocol, hostname } = new URL(client.url)
  return `${protocol}//${hostname}:8080`
}

function quoted(text: string): string {
  return shellWord(text).startsWith("'") ? shellWord(text) : `'${text}'`
}
