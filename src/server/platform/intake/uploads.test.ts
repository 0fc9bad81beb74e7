import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../../core/errors.ts'
import { failAt, type Fate } from './failing-disk.fixture.ts'
import { createUploads, type Uploads } from './uploads.ts'

const ID = 'upload0000000001'
const HOUR_MS = 3_600_000
const content = Buffer.from('the quick brown fox jumps over it')
const PART_BYTES = 10
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const wish = { fileName: 'fox.pkl', sizeBytes: content.length, partBytes: PART_BYTES, sha256: sha256(content) }

let folder: string
let uploads: Uploads
let nowMs: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-uploads-'))
  nowMs = Date.now()
  uploads = createUploads({ folder, now: () => nowMs })
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

const partOf = (number: number) => content.subarray((number - 1) * PART_BYTES, number * PART_BYTES)
const put = (number: number, bytes: Uint8Array = partOf(number), to = uploads) =>
  to.putPart(ID, number, Readable.from([bytes]))

/** What goes wrong, as code and reason. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ServingError)) throw new Error(`no refusal: ${String(error)}`)
  const { reason } = error.details
  return typeof reason === 'string' ? `${error.code} ${reason}` : error.code
}

/** Every file and folder that is not finished. */
async function unfinished(): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.filter((name) => name.endsWith('.tmp'))
}

/** Goes on wherever an upload stands, as a client does. */
async function resume(to: Uploads) {
  const { partCount } = await to.begin(ID, wish)
  const here = new Set(await to.parts(ID))
  const isComplete = await to.openComplete(ID).then(
    () => true,
    () => false,
  )
  if (!isComplete)
    for (let number = 1; number <= partCount; number++) if (!here.has(number)) await put(number, partOf(number), to)
  return to.complete(ID)
}

describe('an upload', () => {
  test('is one file of its parts, in whatever order they come', async () => {
    expect(await uploads.begin(ID, wish)).toEqual({ ...wish, partCount: 4 })
    for (const number of [4, 1, 3, 2]) await put(number)
    expect(await uploads.parts(ID)).toEqual([1, 2, 3, 4])
    const done = await uploads.complete(ID)
    expect(done).toMatchObject({ fileName: 'fox.pkl', sizeBytes: content.length, sha256: wish.sha256 })
    expect(await readFile(done.path)).toEqual(content)
    expect(await readdir(join(done.path, '..'))).toEqual(['fox.pkl'])
    expect(await readdir(join(folder, 'open'))).toEqual([])
    expect(await uploads.openComplete(ID)).toEqual(done)
    expect(await uploads.parts(ID)).toEqual([1, 2, 3, 4])
  })

  test('of one part is a file at once', async () => {
    await uploads.begin(ID, { fileName: 'fox.pkl', sizeBytes: content.length })
    expect(await put(1, content)).toEqual({ number: 1, sizeBytes: content.length, sha256: wish.sha256 })
    expect(await readFile((await uploads.complete(ID)).path)).toEqual(content)
  })

  test('bears every request twice', async () => {
    const layout = await uploads.begin(ID, wish)
    expect(await uploads.begin(ID, wish)).toEqual(layout)
    const stored = await put(1)
    expect(await put(1)).toEqual(stored)
    for (const number of [2, 3, 4]) await put(number)
    const done = await uploads.complete(ID)
    expect(await uploads.complete(ID)).toEqual(done)
    expect(await uploads.begin(ID, wish)).toEqual(layout)
    expect(await uploads.remove(ID)).toBe(true)
    expect(await uploads.remove(ID)).toBe(false)
    expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(['complete', 'open', 'sha256'])
  })

  test('bears both at the same time', async () => {
    await Promise.all([uploads.begin(ID, wish), uploads.begin(ID, wish)])
    await Promise.all([1, 2, 3, 4, 1, 2, 3, 4].map((number) => put(number)))
    const [one, other] = await Promise.all([uploads.complete(ID), uploads.complete(ID)])
    expect(one).toEqual(other)
  })

  test('shares its bytes with another of the same content, and keeps them when that one goes', async () => {
    const other = 'upload0000000002'
    for (const id of [ID, other]) {
      await uploads.begin(id, { fileName: `${id}.pkl`, sizeBytes: content.length })
      await uploads.putPart(id, 1, Readable.from([content]))
      await uploads.complete(id)
    }
    expect(await readdir(join(folder, 'sha256'))).toEqual([wish.sha256])
    await uploads.remove(ID)
    expect(await readdir(join(folder, 'sha256'))).toEqual([wish.sha256])
    expect(await readFile((await uploads.openComplete(other)).path)).toEqual(content)
    await uploads.remove(other)
    expect(await readdir(join(folder, 'sha256'))).toEqual([])
  })
})

describe('a file whose size nobody said', () => {
  const receive = (stream: Readable | AsyncIterable<Uint8Array>, signal?: AbortSignal) =>
    uploads.receive(ID, 'fox.pkl', stream, { signal })

  test('is a complete upload', async () => {
    const done = await receive(Readable.from([partOf(1), content.subarray(PART_BYTES)]))
    expect(done).toMatchObject({ fileName: 'fox.pkl', sizeBytes: content.length, sha256: wish.sha256 })
    expect(await readFile(done.path)).toEqual(content)
    expect(await uploads.openComplete(ID)).toEqual(done)
    expect(await uploads.parts(ID)).toEqual([1])
    expect(await refusal(receive(Readable.from([content])))).toBe('conflict')
    expect(await uploads.remove(ID)).toBe(true)
    expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(['complete', 'open', 'sha256'])
  })

  test('leaves nothing when it is refused, or breaks off', async () => {
    uploads = createUploads({ folder, now: () => nowMs, limits: { maxFileBytes: 20 } })
    expect(await refusal(receive(Readable.from([content])))).toBe('too_large')
    expect(await refusal(receive(Readable.from([])))).toBe('invalid_argument')
    expect(await refusal(uploads.receive(ID, '../x', Readable.from([content])))).toBe('invalid_argument file_name')
    const broken = new PassThrough()
    const work = receive(broken)
    broken.write('x')
    broken.destroy(new Error('reset'))
    expect(await refusal(work)).toBe('cancelled')
    expect(await refusal(receive(new PassThrough(), AbortSignal.abort()))).toBe('cancelled')
    expect(await readdir(folder, { recursive: true })).toEqual(['open'])
  })
})

describe('refused is', () => {
  beforeEach(async () => {
    await uploads.begin(ID, wish)
  })

  test.each([0, 5, 10_001, -1, 1.5, NaN])('part %s of four', async (number) => {
    expect(await refusal(uploads.putPart(ID, number, Readable.from([content])))).toBe('invalid_argument part_number')
  })

  test.each([
    ['short', partOf(1).subarray(1)],
    ['empty', new Uint8Array()],
    ['long', content],
  ])('a part that is too %s, and nothing of it is left', async (_how, bytes) => {
    expect(await refusal(put(1, bytes))).toBe('invalid_argument part_size')
    expect(await uploads.parts(ID)).toEqual([])
    expect(await unfinished()).toEqual([])
  })

  test('a part with another digest than was announced', async () => {
    const work = uploads.putPart(ID, 1, Readable.from([partOf(1)]), { sha256: sha256(content) })
    expect(await refusal(work)).toBe('invalid_argument sha256')
    expect(await refusal(uploads.putPart(ID, 1, Readable.from([partOf(1)]), { sha256: 'abc' }))).toBe(
      'invalid_argument sha256',
    )
    expect(await uploads.parts(ID)).toEqual([])
    const upper = wish.sha256.toUpperCase()
    await expect(uploads.begin('upload0000000009', { ...wish, sha256: upper })).resolves.toMatchObject({
      sha256: wish.sha256,
    })
  })

  test('a part that is here with other bytes', async () => {
    await put(1)
    expect(await refusal(put(1, Buffer.alloc(PART_BYTES)))).toBe('conflict part_differs')
    expect(await readFile(join(folder, 'open', ID, `1-${sha256(partOf(1))}`))).toEqual(partOf(1))
  })

  test('to be completed without all parts, which are named', async () => {
    await put(2)
    await expect(uploads.complete(ID)).rejects.toMatchObject({
      code: 'conflict',
      details: { reason: 'parts_missing', missing: [1, 3, 4] },
    })
    expect(await refusal(uploads.openComplete(ID))).toBe('conflict incomplete')
  })

  test('a whole that is not what was announced', async () => {
    for (const number of [1, 2, 3]) await put(number)
    await put(4, Buffer.from('no!'))
    expect(await refusal(uploads.complete(ID))).toBe('invalid_argument sha256')
    expect(await refusal(uploads.openComplete(ID))).toBe('conflict incomplete')
    expect(await unfinished()).toEqual([])
  })

  test('a part once it is complete, or gone', async () => {
    for (const number of [1, 2, 3, 4]) await put(number)
    await uploads.complete(ID)
    expect(await refusal(put(1))).toBe('conflict complete')
    await uploads.remove(ID)
    expect(await refusal(put(1))).toBe('not_found')
    expect(await refusal(uploads.complete(ID))).toBe('not_found')
  })

  test('an upload of another file under the same id', async () => {
    expect(await refusal(uploads.begin(ID, { ...wish, fileName: 'dog.pkl' }))).toBe('conflict')
  })

  test.each(['../../../etc/passwd', 'a', '', 'UPPERCASE0', `${ID}/..`, '.'])('the id %j', async (id) => {
    expect(await refusal(uploads.begin(id, wish))).toBe('not_found')
    expect(await refusal(uploads.putPart(id, 1, Readable.from([partOf(1)])))).toBe('not_found')
    expect(await refusal(uploads.openComplete(id))).toBe('not_found')
    expect(await refusal(uploads.remove(id))).toBe('not_found')
  })
})

test.each([
  '../x.pkl',
  '..',
  '.',
  '.hidden',
  'a/b.pkl',
  'a\\b.pkl',
  'a\0.pkl',
  'a\nb.pkl',
  '',
  ' a.pkl',
  'a.pkl ',
  'a.pkl.',
  '-rf.pkl',
  '$(id).pkl',
  '`id`.pkl',
  '{{x}}.pkl',
  'a"b.pkl',
  'a;b.pkl',
  'a\u202egnp.pkl',
  `${'a'.repeat(252)}.pkl`,
  'é'.repeat(128),
])('the file name %j is refused', async (fileName) => {
  expect(await refusal(uploads.begin(ID, { fileName, sizeBytes: 1 }))).toBe('invalid_argument file_name')
})

test.each(['fraud_pipeline_gb.joblib', 'modèle (2).pkl', '模型.onnx', 'a@1=b+c.tar.gz', 'x', 'a'.repeat(255)])(
  'the file name %j is taken',
  async (fileName) => {
    await uploads.begin(ID, { fileName, sizeBytes: 1 })
    await put(1, Buffer.from('x'))
    expect(await readFile((await uploads.complete(ID)).path, 'utf8')).toBe('x')
  },
)

test.each([
  [{ sizeBytes: 0 }, 'invalid_argument'],
  [{ sizeBytes: -1 }, 'invalid_argument'],
  [{ sizeBytes: 1.5 }, 'invalid_argument'],
  [{ sizeBytes: NaN }, 'invalid_argument'],
  [{ sizeBytes: 2 ** 53 }, 'invalid_argument'],
  [{ sizeBytes: 5 * 2 ** 30 }, 'too_large'],
  [{ partBytes: 0 }, 'invalid_argument'],
  [{ partBytes: 2 ** 31 }, 'invalid_argument'],
  [{ sizeBytes: 10_001, partBytes: 1 }, 'invalid_argument'],
  [{ sha256: 'f00d' }, 'invalid_argument sha256'],
])('an upload of %j is refused', async (change, expected) => {
  expect(await refusal(uploads.begin(ID, { ...wish, ...change }))).toBe(expected)
})

test('what is larger than the disk has room for is refused before it comes', async () => {
  const roomy = createUploads({ folder, now: () => nowMs, limits: { maxFileBytes: Number.MAX_SAFE_INTEGER } })
  expect(await refusal(roomy.begin(ID, { fileName: 'a', sizeBytes: 2 ** 52, partBytes: 2 ** 30 }))).toBe(
    'invalid_argument',
  )
  expect(await refusal(roomy.begin(ID, { fileName: 'a', sizeBytes: 2 ** 43 }))).toBe('unavailable disk_full')
})

test('a body that breaks off leaves nothing, and its stream alone unless its caller has gone', async () => {
  await uploads.begin(ID, wish)
  const broken = new PassThrough()
  broken.write('the')
  const work = uploads.putPart(ID, 1, broken)
  broken.destroy(new Error('reset'))
  expect(await refusal(work)).toBe('cancelled')

  const refused = new PassThrough()
  refused.write(content)
  expect(await refusal(uploads.putPart(ID, 1, refused))).toBe('invalid_argument part_size')
  expect(refused.destroyed).toBe(false)

  const stalled = new PassThrough()
  const gone = new AbortController()
  const waiting = uploads.putPart(ID, 1, stalled, { signal: gone.signal })
  gone.abort()
  expect(await refusal(waiting)).toBe('cancelled')
  expect(stalled.destroyed).toBe(true)
  expect(await uploads.parts(ID)).toEqual([])
  expect(await unfinished()).toEqual([])
})

describe('whatever happens to the disk or the process', () => {
  beforeEach(async () => {
    // hundreds of uploads, each synced some thirty times: in memory, where there is a folder that lies there
    await rm(folder, { recursive: true })
    folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'slipway-uploads-'))
    uploads = createUploads({ folder, now: () => nowMs })
  })

  /** All steps of an upload that goes well. */
  async function countSteps(): Promise<number> {
    const disk = failAt(0, 'killed')
    try {
      await resume(createUploads({ folder, now: () => nowMs }))
    } finally {
      await disk.restore()
    }
    await uploads.remove(ID)
    return disk.steps()
  }

  async function failedAt(step: number, fate: Fate): Promise<unknown> {
    const disk = failAt(step, fate)
    try {
      const work = resume(createUploads({ folder, now: () => nowMs })).then(
        () => 'done',
        (error: unknown) => error,
      )
      return await (fate === 'killed' ? Promise.race([work, disk.reached]) : work)
    } finally {
      await disk.restore()
    }
  }

  test('a process that is killed at any step leaves an upload that can go on, and nothing half', async () => {
    const steps = await countSteps()
    expect(steps).toBeGreaterThan(40)
    for (let step = 1; step <= steps; step++) {
      await failedAt(step, 'killed')
      const successor = createUploads({ folder, now: () => nowMs })
      const visible = await successor.openComplete(ID).catch(() => undefined)
      if (visible !== undefined) expect(await readFile(visible.path), `step ${step}`).toEqual(content)
      const done = await resume(successor)
      expect(await readFile(done.path), `step ${step}`).toEqual(content)
      await successor.remove(ID)
    }
    // what they left unfinished goes in time, and nothing else is there
    for (const name of await readdir(folder, { recursive: true })) await utimes(join(folder, name), 1, 1)
    await uploads.sweep(new Set())
    expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(['complete', 'open', 'sha256'])
  })

  test('a full disk is said so at any step, leaves nothing half, and does no harm once there is room', async () => {
    const steps = await countSteps()
    let refused = 0
    for (let step = 1; step <= steps; step++) {
      const outcome = await failedAt(step, 'full')
      expect(await unfinished(), `step ${step}`).toEqual([])
      if (outcome !== 'done') {
        refused++
        expect(outcome, `step ${step}`).toMatchObject({ code: 'unavailable', details: { reason: 'disk_full' } })
      }
      expect(await readFile((await resume(uploads)).path)).toEqual(content)
      await uploads.remove(ID)
    }
    expect(refused).toBeGreaterThan(30)
  })
})

test('uploads that nobody knows go after an hour, the others stay', async () => {
  const [known, unknown, fresh] = ['upload0000000001', 'upload0000000002', 'upload0000000003'] as const
  for (const id of [known, unknown]) {
    await uploads.begin(id, { fileName: `${id}.pkl`, sizeBytes: content.length })
    await uploads.putPart(id, 1, Readable.from([content]))
    await uploads.complete(id)
  }
  await uploads.begin('upload0000000004', wish)
  nowMs += HOUR_MS + 1000
  await uploads.begin(fresh, wish)
  await utimes(join(folder, 'open', fresh), nowMs / 1000, nowMs / 1000)
  expect(await uploads.sweep(new Set([known]))).toBe(2)
  expect(await readFile((await uploads.openComplete(known)).path)).toEqual(content)
  expect(await refusal(uploads.openComplete(unknown))).toBe('not_found')
  expect(await uploads.parts(fresh)).toEqual([])
  expect(await refusal(uploads.layout('upload0000000004'))).toBe('not_found')
  expect(await uploads.sweep(new Set([fresh]))).toBe(1)
  expect(await readdir(join(folder, 'sha256'))).toEqual([])
})
