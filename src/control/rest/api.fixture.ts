import { createHash, randomBytes, type KeyObject } from 'node:crypto'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { BundleSummary, Problem as Failure } from '../../api/resources.ts'
import { ROUTES, type ApiRoute } from '../../api/routes.ts'
import { ref } from '../../api/schema.ts'
import { createKey, digestOf } from '../../auth/api-key.ts'
import { createMasterKey, parseMasterKey } from '../../auth/master-key.ts'
import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import { openSqliteStore } from '../store/open-store.ts'
import type { Kinds, Store } from '../store/store.ts'
import { problemsOf, type Problem } from './check.ts'
import type { LogLevels } from '../../api/resources.ts'
import { createApi } from './create-api.ts'
import type { ApiOptions, UploadFiles, UploadWish } from './doors.ts'

/** Uploads in memory. */
export function memoryUploads(partBytes = 4): UploadFiles & { readonly ids: () => readonly string[] } {
  const all = new Map<
    string,
    { wish: UploadWish; partBytes: number; parts: Map<number, Buffer>; isComplete: boolean }
  >()
  const find = (id: string) => {
    const found = all.get(id)
    if (found === undefined) throw new ServingError('not_found', `there is no upload "${id}"`)
    return found
  }
  return {
    ids: () => [...all.keys()],
    async begin(id, wish) {
      all.set(id, { wish, partBytes: wish.partBytes ?? partBytes, parts: new Map(), isComplete: false })
      return { fileName: wish.fileName, partBytes: wish.partBytes ?? partBytes }
    },
    parts: async (id) => [...find(id).parts.keys()].toSorted((a, b) => a - b),
    async putPart(id, part, stream, { sha256 } = {}) {
      const { wish, partBytes, parts } = find(id)
      const chunks: Uint8Array[] = []
      for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const expected = Math.min(partBytes, wish.sizeBytes - (part - 1) * partBytes)
      if (bytes.length !== expected)
        throw new ServingError('invalid_argument', `part ${part} has ${bytes.length} bytes`)
      if (sha256 !== undefined && sha256 !== createHash('sha256').update(bytes).digest('hex'))
        throw new ServingError('invalid_argument', 'another digest', { details: { reason: 'sha256' } })
      parts.set(part, bytes)
    },
    async complete(id) {
      const upload = find(id)
      const bytes = Buffer.concat([...upload.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part))
      if (bytes.length !== upload.wish.sizeBytes)
        throw new ServingError('conflict', 'parts are missing', { details: { reason: 'parts_missing' } })
      upload.isComplete = true
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      return { fileName: upload.wish.fileName, sizeBytes: bytes.length, sha256 }
    },
    remove: async (id) => all.delete(id),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  // oxlint-disable-next-line typescript/no-explicit-any -- what comes back is what tests look into
  readonly body: any
  readonly text: string
}

export interface TestApi {
  readonly app: FastifyInstance
  readonly masterKey: KeyObject
  readonly store: Store
  readonly uploads: ReturnType<typeof memoryUploads>
  /** Keys by the name that `addKey` gave them; `root` administers the platform. */
  readonly keys: Map<string, string>
  readonly pokes: () => number
  /** Moves the calendar (ms). */
  readonly advance: (ms: number) => void
  readonly addKey: (name: string, key: Partial<Kinds['key']>) => Promise<string>
  /** @param key name of a key; none: `undefined` */
  readonly ask: (
    method: string,
    url: string,
    options?: {
      key?: string | undefined
      body?: unknown
      headers?: Record<string, string>
      payload?: InjectOptions['payload']
    },
  ) => Promise<Answer>
  /** Has a version be ready, or fail, as the reconciler would. */
  readonly finish: (project: string, name: string, problem?: Failure) => Promise<void>
  readonly close: () => Promise<void>
}

/** The whole API over a store in memory, with uploads in memory and a calendar that tests move. */
export async function testApi(options: Partial<ApiOptions> = {}): Promise<TestApi> {
  let offsetMs = 0
  let pokes = 0
  // each from an address of its own: failures are counted by address
  let asked = 0
  const environment: Environment = {
    wallMs: () => Date.now() + offsetMs,
    now: () => performance.now() + offsetMs,
    random: Math.random,
    newId: () => `i${randomBytes(8).toString('hex').slice(1)}`,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, 20))
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
    log: () => {},
    ...options.environment,
  }
  const store = options.store ?? (await openSqliteStore({ path: ':memory:', environment }))
  const uploads = memoryUploads()
  let levels: LogLevels = { control: 'info', runners: 'info' }
  const masterKey = parseMasterKey(createMasterKey())
  const app = createApi({
    uploads,
    logLevels: { read: () => levels, set: (wanted) => void (levels = wanted) },
    masterKey,
    poke: () => void pokes++,
    version: '1.2.3',
    server: () => ({ version: '1.2.3', database: 'sqlite', storage: 'local', runners: [] }),
    ...options,
    store,
    environment,
  })
  const keys = new Map<string, string>()

  async function addKey(name: string, key: Partial<Kinds['key']>): Promise<string> {
    const bearer = createKey()
    const document: Kinds['key'] = {
      project: 'default',
      name,
      role: 'viewer',
      hint: bearer.slice(0, 8),
      quotas: {},
      sha256: digestOf(bearer),
      ...key,
    }
    await store.transact((tx) => tx.insert('key', document.project, name, document))
    keys.set(name, bearer)
    offsetMs += 3000 // the keyring looks again
    return bearer
  }

  await store.transact((tx) => tx.insert('project', '', 'default', { name: 'default', description: '' }))
  await addKey('root', { project: '*', role: 'admin' })

  return {
    app,
    store,
    uploads,
    masterKey,
    keys,
    pokes: () => pokes,
    advance: (ms) => void (offsetMs += ms),
    addKey,
    async ask(method, url, { key, body, headers = {}, payload } = {}) {
      const bearer = key === undefined ? undefined : (keys.get(key) ?? key)
      const answer = await app.inject({
        method: method as 'GET',
        url,
        remoteAddress: `10.0.${(asked >> 8) & 255}.${asked++ & 255}`,
        headers: {
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? (payload === undefined ? {} : { payload }) : { payload: JSON.stringify(body) }),
      })
      const text = answer.body
      const isJson = String(answer.headers['content-type']).includes('json') && text !== ''
      const found = isJson ? (JSON.parse(text) as unknown) : undefined
      const wrong = unlike(method, url, answer.statusCode, found)
      if (wrong.length > 0)
        throw new Error(`${method} ${url} answered what its schema does not have: ${JSON.stringify(wrong)}`)
      return { status: answer.statusCode, headers: answer.headers, text, body: found }
    },
    async finish(project, name, problem) {
      await store.transact(async (tx) => {
        const stored = await tx.get('version', project, name)
        if (stored === undefined) throw new Error(`no version ${name}`)
        const { document } = stored
        const done: Kinds['version'] =
          problem === undefined
            ? { ...document, state: 'ready', bundle: bundleOf(name), folder: '/bundles/x', isOurs: true }
            : { ...document, state: 'failed', problem }
        await tx.update('version', project, name, stored.etag, done)
      })
    },
    async close() {
      await app.close()
      await store.close()
    },
  }
}

/** The route that a request is for. */
export function routeFor(method: string, url: string): ApiRoute | undefined {
  const path = (url.split('?', 1)[0] ?? '').split('/')
  return ROUTES.find((route) => {
    const ours = route.path.split('/')
    return (
      route.method === method &&
      ours.length === path.length &&
      ours.every((part, i) => part.startsWith(':') || part === path[i])
    )
  })
}

/** What of an answer does not fit its route's schema. */
function unlike(method: string, url: string, status: number, body: unknown): Problem[] {
  if (status >= 400) return method === 'HEAD' ? [] : problemsOf(ref('Error'), body, 'answer')
  const schema = routeFor(method, url)?.response
  return schema === undefined || schema === 'text' || body === undefined ? [] : problemsOf(schema, body, 'answer')
}

/** A ready version's summary; its digest is the name's. */
export function bundleOf(name: string): BundleSummary {
  return {
    digest: createHash('sha256').update(name).digest('hex'),
    sizeBytes: 1000,
    signature: {},
    engines: ['onnxruntime'],
    memoryBytes: 1_000_000,
    loadMs: 5,
    targetInFlight: { value: 4, reason: 'four cores' },
    plan: { value: 'in-tick', reason: 'it is fast' },
  }
}
