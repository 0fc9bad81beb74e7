import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { TraceSettings } from './trace-settings.ts'

/** Posts encoded spans to a collector. */
export interface OtlpExporter {
  /** @returns why the collector did not take them; undefined when it did. Never rejects. */
  post(body: Uint8Array): Promise<string | undefined>
  /** Gives up what is under way. */
  close(): void
}

/** Answers that may be different the next time. @see OTLP/HTTP, "Retryable Response Codes" */
const PASSING = new Set([429, 502, 503, 504])

const FIRST_PAUSE_MS = 1000

/** What a collector says in its answer is not read beyond this. */
const MAX_ANSWER_BYTES = 64 * 1024

type Answer = { readonly status: number; readonly retryAfterMs: number | undefined } | { readonly failure: string }

/**
 * @param now milliseconds, never going back
 * @throws {Error} when a PEM file cannot be read
 */
export function createOtlpExporter(settings: TraceSettings, now: () => number): OtlpExporter {
  const { url, headers, timeoutMs, encoding, isCompressed } = settings
  const { request: client, agent } = clientFor(settings)
  const zlib = process.getBuiltinModule('node:zlib')
  const aborter = new AbortController()
  const sent = {
    ...headers,
    'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
    'user-agent': 'slipway-otlp',
    ...(isCompressed && { 'content-encoding': 'gzip' }),
  }

  async function post(plain: Uint8Array): Promise<string | undefined> {
    const deadlineMs = now() + timeoutMs
    const body = isCompressed ? await compress(plain) : plain
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const answer = await once(body, deadlineMs - now())
      if ('status' in answer && answer.status >= 200 && answer.status < 300) return undefined
      const failure = 'failure' in answer ? answer.failure : `it answered with status ${answer.status}`
      const mayPass = 'failure' in answer || PASSING.has(answer.status)
      const asked = 'retryAfterMs' in answer ? answer.retryAfterMs : undefined
      const waitMs = asked ?? pauseMs * jitter()
      if (!mayPass || aborter.signal.aborted || now() + waitMs >= deadlineMs) return failure
      await pause(waitMs, aborter.signal)
    }
  }

  function once(body: Uint8Array, leftMs: number): Promise<Answer> {
    if (aborter.signal.aborted) return Promise.resolve({ failure: 'the server ends' })
    return new Promise((resolve) => {
      const request = client(url, { method: 'POST', headers: { ...sent, 'content-length': body.byteLength } })
      const stop = (why: string) => {
        resolve({ failure: why })
        request.destroy()
      }
      const timer = setTimeout(() => stop('it did not answer in time'), Math.max(leftMs, 1)).unref()
      const onAbort = () => stop('the server ends')
      aborter.signal.addEventListener('abort', onAbort, { once: true })
      request.on('close', () => {
        clearTimeout(timer)
        aborter.signal.removeEventListener('abort', onAbort)
        resolve({ failure: 'it closed the connection' })
      })
      request.on('error', (error: NodeJS.ErrnoException) => resolve({ failure: error.code ?? 'it cannot be reached' }))
      request.on('response', (response: IncomingMessage) => {
        let received = 0
        response.on('data', (chunk: Buffer) => {
          received += chunk.length
          if (received > MAX_ANSWER_BYTES) stop('its answer is too long')
        })
        response.on('error', () => {}) // the request's close says it
        response.on('end', () => {
          const seconds = Number(response.headers['retry-after'])
          const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined
          resolve({ status: response.statusCode ?? 0, retryAfterMs })
        })
      })
      request.end(body)
    })
  }

  function compress(plain: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      zlib.gzip(plain, (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
    })
  }

  return {
    post,
    close() {
      aborter.abort()
      agent.destroy()
    },
  }
}

/** 0.8 to 1.2: servers that lost their collector together do not come back to it together. */
function jitter(): number {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1))
  return 0.8 + (0.4 * byte) / 255
}

interface Client {
  readonly request: (url: URL, options: RequestOptions) => ClientRequest
  readonly agent: Agent
}

/** Node's client for the address, over one kept connection. Loaded here: most processes trace nothing. */
function clientFor(settings: TraceSettings): Client {
  const { url, caFile, certFile, keyFile } = settings
  if (url.protocol === 'http:') {
    const http = process.getBuiltinModule('node:http')
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    return { agent, request: (target, options) => http.request(target, { ...options, agent }) }
  }
  const https = process.getBuiltinModule('node:https')
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const agent = new https.Agent({
    keepAlive: true,
    maxSockets: 1,
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    ...(certFile !== undefined && { cert: readFileSync(certFile) }),
    ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
  })
  return { agent, request: (target, options) => https.request(target, { ...options, agent }) }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms).unref()
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
