import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { execFile } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VERSION_PHASES, type VersionPhase } from '../../../api/resources.ts'
import type { Maker } from '../../../control/maker.ts'
import type { Kinds } from '../../../control/store/store.ts'
import { ServingError } from '../../../core/errors.ts'
import { makeTar } from '../../../formats/archives/tar.fixture.ts'
import { createLocalStorage } from '../../../storage/local-storage.ts'
import type { ObjectStorage } from '../../../storage/object-storage.ts'
import { findTool, needs } from '../../../../test/support/needs.ts'
import { findPython } from '../../python-settings.ts'
import { createMaker, type MakerOptions } from './maker.ts'
import { createUploads, type Uploads } from './uploads.ts'

const FRAUD = join(import.meta.dirname, '../../../../test/models/demo/fraud_pipeline_gb.joblib')
const run = promisify(execFile)
const HOUR_MS = 3_600_000

let folder: string
let uploads: Uploads
let storage: ObjectStorage
let nowMs: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-maker-'))
  nowMs = Date.now()
  uploads = createUploads({ folder: join(folder, 'uploads'), now: () => nowMs })
  storage = createLocalStorage(join(folder, 'elsewhere'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

const plane = { engines: ['onnxruntime', 'host-kernels'], timeoutMs: 60_000, python: undefined, typescript: undefined }

function open(options: Partial<MakerOptions> = {}, data = 'data'): Maker {
  return createMaker({ dataFolder: join(folder, data), uploads, plane, runners: 2, now: () => nowMs, ...options })
}

async function uploaded(id: string, fileName: string, content: Uint8Array): Promise<string> {
  await uploads.begin(id, { fileName, sizeBytes: content.byteLength })
  await uploads.putPart(id, 1, pieces(content))
  await uploads.complete(id)
  return id
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}

function versionOf(source: Kinds['version']['source'], more: Partial<Kinds['version']> = {}): Kinds['version'] {
  return {
    project: 'default',
    model: 'fraud',
    number: 1,
    state: 'making',
    source,
    fileName: 'fraud.joblib',
    description: '',
    how: { allowUntested: false },
    warnings: [],
    isCancelled: false,
    attempts: 1,
    ...more,
  }
}

const live = () => new AbortController().signal

async function refusal(work: Promise<unknown>): Promise<ServingError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ServingError) return error
  throw new Error(`no refusal: ${String(error)}`, { cause: error })
}

/** Folders that somebody works in, and what is not finished in any. */
async function leftovers(): Promise<string[]> {
  const names = await readdir(join(folder, 'data'), { recursive: true }).catch(() => [])
  return names.filter((name) => name.endsWith('.tmp') || name.startsWith('making/'))
}

describe('a version of an upload', () => {
  test('becomes a bundle, phase by phase, and is known the next time', { timeout: 60_000 }, async () => {
    const upload = await uploaded('upload01', basename(FRAUD), await readFile(FRAUD))
    const maker = open({ storage, build: 'one' })
    const phases: VersionPhase[] = []
    const told = (phase: VersionPhase) => phases.at(-1) !== phase && phases.push(phase)
    const made = await maker.make(versionOf({ type: 'upload', upload }), live(), told)
    expect(phases).toEqual([...VERSION_PHASES])
    expect(made.bundle).toMatchObject({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), plan: { value: 'in-tick' } })
    const { memoryBytes, loadMs, targetInFlight, engines, sizeBytes, exampleBody = '' } = made.bundle
    expect(memoryBytes).toBeGreaterThanOrEqual(sizeBytes)
    expect(memoryBytes).toBeLessThan(2 ** 30)
    expect(loadMs).toBeGreaterThan(0)
    expect(targetInFlight.value).toBeGreaterThanOrEqual(1)
    expect(targetInFlight.reason).toContain('one alone takes')
    expect(engines.length).toBeGreaterThan(0)
    expect(JSON.parse(exampleBody)).toMatchObject({
      inputs: expect.arrayContaining([expect.objectContaining({ name: 'amount' })]),
    })
    expect(await leftovers()).toEqual([])

    // only the build that wrote its graphs need not validate them
    expect(made.isOurs).toBe(true)
    expect(await maker.ensure(made.bundle.digest, live())).toEqual({ folder: made.folder, isOurs: true })
    expect(await open({ build: 'two' }).ensure(made.bundle.digest, live())).toMatchObject({ isOurs: false })

    const again: VersionPhase[] = []
    const other = await maker.make(versionOf({ type: 'upload', upload }, { number: 2 }), live(), (phase) =>
      again.push(phase),
    )
    expect(other.bundle).toEqual(made.bundle)
    expect(again.filter((phase) => phase === 'compiling' || phase === 'probation')).toEqual([])

    // it is in the storage, and comes back from there to a machine that has never seen it
    const elsewhere = open({ storage }, 'other')
    const { folder: brought, isOurs } = await elsewhere.ensure(made.bundle.digest, live())
    expect(brought).toContain(join('other', 'bundles'))
    expect(isOurs).toBe(false)
    expect((await readdir(brought)).toSorted()).toEqual((await readdir(made.folder)).toSorted())

    // one that was damaged is replaced
    await appendFile(join(brought, 'slipway.json'), ' ')
    nowMs += HOUR_MS / 6
    await elsewhere.ensure(made.bundle.digest, live())
    expect(await readFile(join(brought, 'slipway.json'))).toEqual(await readFile(join(made.folder, 'slipway.json')))

    // at once where somebody has found that out
    await appendFile(join(brought, 'slipway.json'), ' ')
    await elsewhere.ensure(made.bundle.digest, live(), { isDoubted: true })
    expect(await readFile(join(brought, 'slipway.json'))).toEqual(await readFile(join(made.folder, 'slipway.json')))

    // what was damaged in the storage is not taken
    const stored: string[] = []
    for await (const { key } of storage.list('bundles/')) stored.push(key)
    const file = stored.find((key) => !key.endsWith('slipway.json')) ?? ''
    await appendFile(join(folder, 'elsewhere', file), ' ')
    const refused = await refusal(open({ storage }, 'third').ensure(made.bundle.digest, live()))
    expect(refused).toMatchObject({ code: 'refused' })
    expect(await readdir(join(folder, 'third/bundles/sha256')).catch(() => [])).toEqual([])
    expect(await refusal(open({}, 'fourth').ensure(made.bundle.digest, live()))).toMatchObject({
      code: 'not_found',
      details: { reason: 'bundle_missing' },
    })

    // what nobody uses goes after an hour, here and there
    const others = new Set(['0'.repeat(64)])
    expect(await maker.sweep({ digests: others, uploads: new Set([upload]) })).toBe(0)
    nowMs += HOUR_MS
    expect(await maker.sweep({ digests: new Set([made.bundle.digest]), uploads: new Set([upload]) })).toBe(0)
    await utimes(made.folder, 1, 1)
    // unless nothing at all is used: then what is used may have been forgotten
    expect(await maker.sweep({ digests: new Set(), uploads: new Set([upload]) })).toBe(0)
    expect(await maker.sweep({ digests: others, uploads: new Set([upload]) })).toBe(1)
    expect(await readdir(join(folder, 'data/bundles/sha256'))).toEqual([])
    expect(await readdir(join(folder, 'data/bundles/sources'))).toEqual([])
    for await (const { key } of storage.list('bundles/')) expect(key).toBe('none')
  })

  test('that is refused says why, and leaves nothing', { timeout: 60_000 }, async () => {
    const upload = await uploaded('upload01', 'fraud.pkl', Buffer.from('no pickle at all'))
    const error = await refusal(open().make(versionOf({ type: 'upload', upload }), live(), () => {}))
    expect(['refused', 'unsupported']).toContain(error.code)
    expect(error.message).not.toContain(folder)
    expect(await leftovers()).toEqual([])
    expect(
      await refusal(open().make(versionOf({ type: 'upload', upload: 'upload99' }), live(), () => {})),
    ).toMatchObject({
      code: 'not_found',
    })
  })

  test('whose process dies keeps the last that it said', { timeout: 60_000 }, async () => {
    const upload = await uploaded('upload01', basename(FRAUD), await readFile(FRAUD))
    // too little memory for the process itself
    const limits = { memoryMiB: 8, timeoutMs: 60_000 }
    const error = await refusal(open({ limits }).make(versionOf({ type: 'upload', upload }), live(), () => {}))
    expect(error.code).toBe('refused')
    expect(['memory', 'crash']).toContain(error.details['reason'])
    expect(await leftovers()).toEqual([])
  })

  test.skipIf(!needs('python3', 'tar'))(
    'of code that fails keeps the last that it said',
    { timeout: 60_000 },
    async () => {
      await mkdir(join(folder, 'code'))
      const lines = ['import sys', 'print("warming up", flush=True)', 'sys.stderr.write("with slw_canary\\n")']
      lines.push(
        'def model_fn(folder):',
        '    raise RuntimeError("no weights here")',
        'def predict_fn(rows, model):',
        '    return rows',
      )
      await writeFile(join(folder, 'code/inference.py'), `${lines.join('\n')}\n`)
      await run('tar', ['czf', join(folder, 'model.tar.gz'), '-C', folder, 'code'])
      const upload = await uploaded('upload01', 'model.tar.gz', await readFile(join(folder, 'model.tar.gz')))
      const wishes = { workers: 1, memoryMiB: 1024, startTimeoutMs: 30_000, runTimeoutMs: 30_000 }
      const python = await findPython({ ...wishes, python: findTool('python3') }, folder)
      const version = versionOf({ type: 'upload', upload }, { how: { allowUntested: false, runtime: 'python' } })
      const error = await refusal(open({ plane: { ...plane, python } }).make(version, live(), () => {}))
      expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining('no weights here') })
      const tail = error.details['logTail'] as string[]
      expect(tail.slice(0, 2)).toEqual(['warming up', 'with slw_…'])
      expect(tail.at(-1)).toBe('RuntimeError: no weights here')
    },
  )

  test('that is called off ends at once, whatever it is at', { timeout: 60_000 }, async () => {
    const upload = await uploaded('upload01', basename(FRAUD), await readFile(FRAUD))
    for (const at of ['fetching', 'reading', 'probation']) {
      const calledOff = new AbortController()
      const work = open().make(versionOf({ type: 'upload', upload }), calledOff.signal, (phase) => {
        if (phase === at) calledOff.abort()
      })
      expect((await refusal(work)).code, at).toBe('cancelled')
      expect(await leftovers()).toEqual([])
    }
    expect(
      await refusal(open().make(versionOf({ type: 'upload', upload }), AbortSignal.abort(), () => {})),
    ).toMatchObject({
      code: 'cancelled',
    })
  })

  test('of code is refused where the operator has not allowed it', async () => {
    const upload = await uploaded('upload01', 'model.py', Buffer.from('x = 1'))
    for (const runtime of ['python', 'typescript'] as const) {
      const version = versionOf({ type: 'upload', upload }, { how: { allowUntested: false, runtime } })
      const error = await refusal(open().make(version, live(), () => {}))
      expect(error).toMatchObject({ code: 'refused', details: { reason: `needs_${runtime}` } })
      expect(error.message).toContain(`slipway up --runtime ${runtime}`)
    }
    // also where nobody said which language it is in
    const code = makeTar([{ name: 'code/predict.ts', content: Buffer.from('export const predict = () => ({})') }])
    const packed = await uploaded('upload02', 'code.tar.gz', gzipSync(code))
    const error = await refusal(open().make(versionOf({ type: 'upload', upload: packed }), live(), () => {}))
    expect(error.message).toContain('slipway up --runtime typescript')
  })
})

describe('a version of a URL', () => {
  test('is fetched from where the operator allows, and from nowhere else', { timeout: 60_000 }, async () => {
    const content = await readFile(FRAUD)
    let requests = 0
    const server = createServer((_request, response) => {
      requests++
      response.end(content)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const version = versionOf({ type: 'url', url: `http://127.0.0.1:${port}/fraud.joblib` })
      const error = await refusal(open().make(version, live(), () => {}))
      expect(error.code).toBe('invalid_argument')
      expect(requests).toBe(0)
      const progress: number[] = []
      const maker = open({ fetchFrom: [`127.0.0.1:${port}`] })
      const made = await maker.make(version, live(), (phase, share) => {
        if (phase === 'fetching' && share !== undefined) progress.push(share)
      })
      expect(progress.at(-1)).toBe(1)
      expect(made.warnings).toEqual([expect.stringContaining('plain http')])
      expect(await leftovers()).toEqual([])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('leaves what a killed process had fetched to nobody', async () => {
    const version = versionOf({ type: 'url', url: 'http://127.0.0.1/x' })
    const maker = open()
    const where = join(folder, 'data/making/0123456789abcdef0123456789abcdef')
    await mkdir(where, { recursive: true })
    await refusal(maker.make(version, live(), () => {}))
    await maker.sweep({ digests: new Set(), uploads: new Set() })
    expect(await stat(where).catch(() => undefined)).toBeUndefined()
  })
})
