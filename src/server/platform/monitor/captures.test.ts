import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CaptureSpec } from '../../../api/resources.ts'
import type { RouteVariant } from '../../../api/route-table.ts'
import type { Observation } from '../../../runtime/endpoints/types.ts'
import type { ServedModel } from '../../../runtime/plane.ts'
import { createLocalStorage } from '../../../storage/local-storage.ts'
import { tensor, type Tensor } from '../../../tensor/tensor.ts'
import { parseCaptureId } from './capture-names.ts'
import { createCaptureStore, type CaptureStore } from './capture-store.ts'
import { createCaptureWriter, type CaptureWriter, type CaptureWriterOptions } from './capture-writer.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const ALL: CaptureSpec = { sample: 1, redact: [], retentionDays: 2 }

let folder = ''
let timeMs = NOON
const writers = new Set<CaptureWriter>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-captures-'))
  timeMs = NOON
})

afterEach(async () => {
  for (const writer of writers) await writer.close()
  writers.clear()
  await rm(folder, { recursive: true, force: true })
})

function writerOf(life: string, options: Partial<CaptureWriterOptions> = {}, spec = ALL): CaptureWriter {
  const writer = createCaptureWriter({
    folder: join(folder, 'default'),
    life,
    wallNow: () => timeMs,
    reserveBytes: 0,
    flushEveryMs: 3_600_000,
    ...options,
  })
  writer.follow(new Map([['fraud', spec]]))
  writers.add(writer)
  return writer
}

/** Of a line that `observe` has kept: a little more than it takes. */
const LINE_BYTES = 200

const idOf = (line: string) => (JSON.parse(line) as { id: string }).id

function observe(writer: CaptureWriter, x: number, variant = 'v1', more?: { name: string; value: string }): void {
  const observation: Observation = {
    endpoint: 'fraud',
    variant: { name: variant, model: 'fraud', number: 1 } as RouteVariant,
    principal: undefined,
    inputs: new Map<string, Tensor>([
      ['x', tensor('FP64', [1], Float64Array.of(x))],
      ...(more === undefined ? [] : [[more.name, tensor('BYTES', [1], [Buffer.from(more.value)])] as const]),
    ]),
    outputs: new Map(),
    error: undefined,
    model: { signature: { inputs: [], outputs: [] } } as unknown as ServedModel,
    ms: 1,
    call: undefined,
  }
  writer.observe(observation)
}

function storeOf(storage?: ReturnType<typeof createLocalStorage>): CaptureStore {
  return createCaptureStore({ folder, storage, wallNow: () => timeMs })
}

const keepDays = (days: number) => () => ({ days, maxBytes: Infinity })

/** The `x` of every capture, newest first, page by page. */
async function all(store: CaptureStore, limit = 3, variant?: string): Promise<number[]> {
  const found: number[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 100; pages++) {
    const page = await store.list({ project: 'default', endpoint: 'fraud', limit, cursor, variant })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    for (const { id, record } of page.items) {
      expect(record).toBeUndefined()
      const whole = await store.get('default', 'fraud', id)
      const inputs = whole?.record?.['inputs'] as { x: { data: number[] } }
      found.push(inputs.x.data[0] ?? NaN)
    }
    cursor = page.cursor
    if (cursor === undefined) return found
  }
  throw new Error('the list does not end')
}

const day = (name = '2026-11-23') => join(folder, 'default', 'fraud', name)

describe('captured requests', () => {
  test('are listed newest first over all runners and days, whole by their id', async () => {
    const [one, two] = [writerOf('one'), writerOf('two')]
    for (let i = 0; i < 12; i++) {
      observe(i % 2 === 0 ? one : two, i, i % 3 === 0 ? 'v2' : 'v1')
      await Promise.all([one.flush(), two.flush()])
      timeMs += i === 5 ? DAY_MS : 25_000
    }
    const newestFirst = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    for (const limit of [1, 3, 12, 100]) expect(await all(storeOf(), limit)).toEqual(newestFirst)
    expect(await all(storeOf(), 2, 'v2')).toEqual([9, 6, 3, 0])
    expect(await storeOf().list({ project: 'default', endpoint: 'none', limit: 5 })).toEqual({ items: [] })
  })

  test.each(['', '../../x', '20261123T1200-one-1', '20261123T1200-one-1-99', '20261123T1200-..-1-1'])(
    'are not found by %o',
    async (id) => {
      const writer = writerOf('one')
      observe(writer, 1)
      await writer.flush()
      expect(await storeOf().get('default', 'fraud', id)).toBeUndefined()
    },
  )

  test.each(['x', '1', '_a', '99999999999999999_', '1_/../'])('have no page at %o', async (cursor) => {
    await expect(storeOf().list({ project: 'default', endpoint: 'fraud', limit: 1, cursor })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })

  test('lie in files that only their owner reads, closed when full and when their minute is over', async () => {
    const writer = writerOf('one', { segmentBytes: 250 })
    for (let i = 0; i < 5; i++) {
      observe(writer, i)
      await writer.flush()
    }
    expect((await readdir(day())).toSorted()).toEqual([
      '20261123T1200-one-1.jsonl',
      '20261123T1200-one-2.jsonl',
      '20261123T1200-one-3.jsonl.part',
    ])
    expect(((await stat(join(day(), '20261123T1200-one-1.jsonl'))).mode & 0o777).toString(8)).toBe('600')
    expect(((await stat(day())).mode & 0o777).toString(8)).toBe('700')
    timeMs += MINUTE_MS
    await writer.flush()
    expect((await readdir(day())).filter((name) => name.endsWith('.part'))).toEqual([])
    const [line = ''] = (await readFile(join(day(), '20261123T1200-one-3.jsonl'), 'utf8')).split('\n')
    expect(parseCaptureId((JSON.parse(line) as { id: string }).id)).toEqual({ segment: '20261123T1200-one-3', line: 1 })
  })

  test('are taken of those endpoints alone that ask for it', async () => {
    const writer = writerOf('one')
    writer.follow(new Map())
    observe(writer, 1)
    await writer.flush()
    expect(await all(storeOf())).toEqual([])
  })

  test('that find no room are dropped and counted', async () => {
    const writer = writerOf('one', { maxWaitingBytes: 1000 })
    for (let i = 0; i < 50; i++) observe(writer, i)
    await writer.flush()
    const kept = await all(storeOf(), 100)
    expect(kept.length).toBeGreaterThan(2)
    expect(writer.dropped()).toEqual([{ endpoint: 'fraud', reason: 'busy', count: 50 - kept.length }])
  })

  test('are dropped while the disk is nearly full, or cannot be written to', async () => {
    const full = writerOf('one', { reserveBytes: 2 ** 60 })
    observe(full, 1)
    await full.flush()
    expect(full.dropped()).toEqual([{ endpoint: 'fraud', reason: 'disk_full', count: 1 }])
    await mkdir(join(folder, 'default'), { recursive: true })
    await writeFile(join(folder, 'default', 'fraud'), 'no folder')
    const broken = writerOf('two')
    observe(broken, 1)
    await broken.flush()
    expect(broken.dropped()).toEqual([{ endpoint: 'fraud', reason: 'disk', count: 1 }])
  })

  test('of a process that was killed are closed by control, and half a line is left out', async () => {
    const killed = writerOf('one')
    observe(killed, 1)
    await killed.flush()
    await appendFile(join(day(), '20261123T1200-one-1.jsonl.part'), '{"id":"20261123T1200-one-1-2","atMs":17,"endp')
    const store = storeOf()
    await store.tidy(keepDays(2))
    expect(await readdir(day())).toEqual(['20261123T1200-one-1.jsonl.part'])
    timeMs += 10 * MINUTE_MS
    await store.tidy(keepDays(2))
    expect(await readdir(day())).toEqual(['20261123T1200-one-1.jsonl'])
    expect(await all(store)).toEqual([1])
    // whoever reads the file finds no half line
    const text = await readFile(join(day(), '20261123T1200-one-1.jsonl'), 'utf8')
    expect(text.trimEnd().split('\n').map(idOf)).toEqual(['20261123T1200-one-1-1'])
    expect(text.endsWith('\n')).toBe(true)
  })

  test('that are being written are not listed before their line has its end, whatever it looks like', async () => {
    const writer = writerOf('one')
    observe(writer, 1)
    await writer.flush()
    const half = '{"id":"20261123T1200-one-1-2","atMs":17,"endpoint":"fraud","variant":"v1","inputs":{"x":{}}'
    await appendFile(join(day(), '20261123T1200-one-1.jsonl.part'), half)
    expect(await all(storeOf())).toEqual([1])
  })

  test('have whatever texts were sent', async () => {
    const writer = writerOf('one')
    const text = 'a\u2028b\u2029c\r\u0085\0"'
    observe(writer, 1, 'v1', { name: text, value: text })
    await writer.flush()
    const [item] = (await storeOf().list({ project: 'default', endpoint: 'fraud', limit: 5 })).items
    const whole = await storeOf().get('default', 'fraud', item?.id ?? '')
    expect(whole?.record).toMatchObject({ inputs: { [text]: { data: [text] } } })
  })

  test('are no more than their endpoint keeps: the oldest go first, and none that is being written', async () => {
    const writer = writerOf('one')
    for (let i = 0; i < 6; i++) {
      observe(writer, i)
      await writer.flush()
      timeMs += i % 2 === 0 ? MINUTE_MS : DAY_MS
    }
    const store = storeOf()
    const keep = (lines: number) => () => ({ days: 100, maxBytes: lines * LINE_BYTES })
    expect(await all(store)).toEqual([5, 4, 3, 2, 1, 0])
    await store.tidy(keep(6))
    expect(await all(store)).toEqual([5, 4, 3, 2, 1, 0])
    await store.tidy(keep(3)) // what is old is believed to be as large as it was
    expect(await all(store)).toEqual([5, 4, 3])
    expect(await readdir(join(folder, 'default', 'fraud'))).toEqual(['2026-11-24', '2026-11-25'])
    observe(writer, 6)
    await writer.flush()
    await store.tidy(keep(0))
    expect(await all(store)).toEqual([6])
  })

  test('are kept so long as their endpoint says', async () => {
    const writer = writerOf('one')
    for (let i = 0; i < 4; i++) {
      observe(writer, i)
      await writer.flush()
      timeMs += DAY_MS
    }
    const store = storeOf()
    await store.tidy((project, endpoint) => ({
      days: project === 'default' && endpoint === 'fraud' ? 2 : 0,
      maxBytes: Infinity,
    }))
    expect(await all(store)).toEqual([3, 2])
    expect(await readdir(join(folder, 'default', 'fraud'))).toEqual(['2026-11-25', '2026-11-26'])
  })
})

describe('an object storage', () => {
  test('takes closed segments, from where they are read, and gives them up when they are old', async () => {
    const storage = createLocalStorage(join(folder, '..', `${folder.split('/').at(-1)}-objects`))
    try {
      const keys = async () => (await Array.fromAsync(storage.list('captures/'))).map(({ key }) => key)
      const writer = writerOf('one')
      for (let i = 0; i < 3; i++) {
        observe(writer, i)
        await writer.flush()
        timeMs += MINUTE_MS
      }
      const store = storeOf(storage)
      await store.tidy(keepDays(2))
      expect(await keys()).toEqual([
        'captures/default/fraud/2026-11-23/20261123T1200-one-1.jsonl',
        'captures/default/fraud/2026-11-23/20261123T1201-one-2.jsonl',
      ])
      const sizes = await Promise.all(
        (await readdir(day())).map(async (name) => [name, (await readFile(join(day(), name))).length]),
      )
      expect(Object.fromEntries(sizes)).toEqual({
        '20261123T1200-one-1.jsonl.shipped': 3,
        '20261123T1201-one-2.jsonl.shipped': 3,
        '20261123T1202-one-3.jsonl.part': expect.any(Number) as unknown,
      })
      expect(await all(store)).toEqual([2, 1, 0])
      await store.tidy(() => ({ days: 2, maxBytes: 2 * LINE_BYTES }))
      expect([await all(store), await keys()]).toEqual([
        [2, 1],
        ['captures/default/fraud/2026-11-23/20261123T1201-one-2.jsonl'],
      ])
      timeMs += 4 * DAY_MS
      await store.tidy(keepDays(2))
      expect(await keys()).toEqual([])
      expect(await all(store)).toEqual([])
    } finally {
      await storage.close()
      await rm(join(folder, '..', `${folder.split('/').at(-1)}-objects`), { recursive: true, force: true })
    }
  })

  test('that is away leaves segments where they are', async () => {
    const writer = writerOf('one')
    observe(writer, 1)
    await writer.close()
    const storage = { ...createLocalStorage(folder), put: () => Promise.reject(new Error('away')) }
    const store = storeOf(storage)
    await expect(store.tidy(keepDays(2))).rejects.toThrow('away')
    expect(await all(store)).toEqual([1])
    // what is old goes all the same
    timeMs += DAY_MS
    const next = writerOf('two')
    observe(next, 2)
    await next.close()
    await expect(store.tidy(keepDays(2))).rejects.toThrow('away')
    timeMs += 2 * DAY_MS
    await store.tidy(keepDays(2))
    expect(await all(store)).toEqual([2])
  })
})
