import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEndpointLogs, type EndpointLogsOptions, type LogFiles } from './endpoint-logs.ts'

let folder = ''
const opened = new Set<LogFiles>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-logs-'))
})

afterEach(async () => {
  for (const logs of opened) await logs.close()
  opened.clear()
  await rm(folder, { recursive: true, force: true })
})

function open(options: Partial<EndpointLogsOptions> = {}): LogFiles {
  const logs = createEndpointLogs({ folder, ...options })
  opened.add(logs)
  return logs
}

const line = (message: string) => ({ atMs: 1, level: 'info' as const, source: 'default-1', message })
const query = { project: 'default', endpoint: 'fraud', after: 0, limit: 100 }
const path = () => join(folder, 'default', 'fraud.jsonl')
const messages = async (logs: LogFiles, after = 0, limit = 100) =>
  (await logs.read({ ...query, after, limit })).map(({ message }) => message)

test('lines are numbered in their order, each log by itself, and read after a number', async () => {
  const logs = open()
  for (let i = 1; i <= 5; i++) logs.append('default', 'fraud', line(`line ${i}`))
  logs.append('default', 'other', line('other'))
  logs.append('team', 'fraud', line('theirs'))
  await logs.flush()
  expect(await logs.read({ ...query, after: 3 })).toEqual([
    { seq: 4, ...line('line 4') },
    { seq: 5, ...line('line 5') },
  ])
  expect(await messages(logs, 0, 2)).toEqual(['line 1', 'line 2'])
  expect(await messages(logs, 5)).toEqual([])
  expect([await logs.last('default', 'fraud'), await logs.last('default', 'none')]).toEqual([5, 0])
  expect(await logs.known()).toHaveLength(3)
  expect(((await stat(path())).mode & 0o777).toString(8)).toBe('600')
  await logs.remove('team', 'fraud')
  expect(await logs.read({ ...query, project: 'team' })).toEqual([])
  expect(await logs.known()).toHaveLength(2)
})

test('numbers go on after a restart, also after one in the middle of a line', async () => {
  const first = open()
  first.append('default', 'fraud', line('one'))
  first.append('default', 'fraud', line('two'))
  await first.close()
  await appendFile(path(), '{"seq":3,"atMs":1,"level":"in')
  const second = open()
  expect(await second.last('default', 'fraud')).toBe(2)
  second.append('default', 'fraud', line('three'))
  await second.flush()
  expect(await second.read({ ...query, after: 1 })).toMatchObject([
    { seq: 2, message: 'two' },
    { seq: 3, message: 'three' },
  ])
})

test('files are bounded: the oldest lines go, the others are found wherever they lie', async () => {
  const logs = open({ fileBytes: 2000, files: 3 })
  for (let i = 1; i <= 200; i++) {
    logs.append('default', 'fraud', line(`line ${i}`))
    if (i % 3 === 0) await logs.flush()
  }
  await logs.flush()
  expect((await readdir(join(folder, 'default'))).toSorted()).toEqual(['fraud.jsonl', 'fraud.jsonl.1', 'fraud.jsonl.2'])
  const kept = await logs.read({ ...query, limit: 1000 })
  expect(kept.at(-1)?.seq).toBe(200)
  expect(kept.map(({ seq }) => seq)).toEqual(kept.map((_, i) => 200 - kept.length + 1 + i))
  for (const { seq } of kept) expect((await logs.read({ ...query, after: seq - 1, limit: 1 }))[0]?.seq).toBe(seq)
  const again = open({ fileBytes: 2000, files: 3 })
  expect(await again.last('default', 'fraud')).toBe(200)
})

test('a place in a large file is found by halves', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) =>
    JSON.stringify({ seq: i + 1, ...line(`é ${'x'.repeat(i % 90)}`) }),
  )
  const logs = open()
  logs.append('default', 'fraud', line('first'))
  await logs.flush()
  await writeFile(path(), `${lines.join('\n')}\n`)
  const again = open()
  for (const after of [0, 1, 777, 9999, 15_000, 19_998, 19_999]) {
    const [next] = await again.read({ ...query, after, limit: 1 })
    expect(next).toMatchObject({ seq: after + 1 })
    expect(next?.message).toBe(`é ${'x'.repeat(after % 90)}`)
  }
})

test('what a terminal would obey is written as text, keys are hidden, long texts are cut', async () => {
  const logs = open()
  logs.append('default', 'fraud', {
    ...line('\u001b[31mred\u001b[0m \u0007 Authorization: Bearer slw_secret\nnext \u202e'),
    fields: { long: 'é'.repeat(5000), nested: { key: 'slw_secret' }, count: 3 },
  })
  await logs.flush()
  const text = await readFile(path(), 'utf8')
  expect(text.split('\n')).toHaveLength(2)
  expect(text).not.toContain('secret')
  const [found] = await logs.read(query)
  expect(found?.message).toBe('red \\u0007 Authorization: Bearer slw_…\nnext \\u202e')
  expect(found?.fields).toMatchObject({ count: 3, nested: '{"key":"slw_…"}' })
  expect(Buffer.byteLength(String(found?.fields?.['long']))).toBeLessThanOrEqual(1024)
  expect(String(found?.fields?.['long'])).toMatch(/^é+…$/)
})

test('what cannot be written is lost and counted, and the next line is whole', async () => {
  const logs = open({ maxWaitingBytes: 3000 })
  await writeFile(join(folder, 'default'), 'no folder')
  logs.append('default', 'fraud', line('lost'))
  await logs.flush()
  expect(logs.dropped).toBe(1)
  await rm(join(folder, 'default'))
  for (let i = 0; i < 100; i++) logs.append('default', 'fraud', line(`line ${i}`))
  await logs.flush()
  const kept = await logs.read(query)
  expect(kept.length).toBeGreaterThan(10)
  expect(logs.dropped).toBe(1 + 100 - kept.length)
  expect(kept[0]).toMatchObject({ seq: 2, message: 'line 0' })
})
