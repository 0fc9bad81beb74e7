import { spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import { answered, servedModel } from '../telemetry/answered.fixture.ts'
import { createAccessLog } from './log.ts'
import { createLogSink, type LogOutput } from './log-sink.ts'

const LOG = join(import.meta.dirname, 'log.ts')

function run(script: string, stderr: 'pipe' | number = 'pipe') {
  const code = `import { createAccessLog, droppedLogLines, log, logSettings, setLogLevel, setLogSettings } from ${JSON.stringify(LOG)}\n${script}`
  const args = ['--input-type=module-typescript', '--eval', code]
  return spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', stderr] })
}

function parse(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('the log', () => {
  test('is lines of JSON on stderr, errors with their causes, all written before the process ends', () => {
    const { stderr } = run(`
      log('info', 'first', { size: 2n })
      log('error', 'second', { error: new Error('outer', { cause: new TypeError('inner') }) })
      process.exit(3)`)
    const [first, second] = parse(stderr)
    expect(first).toMatchObject({ level: 'info', message: 'first', size: '2', pid: expect.any(Number) })
    expect(Date.parse(String(first?.time))).toBeGreaterThan(0)
    expect(second).toMatchObject({ error: { message: 'outer', cause: { name: 'TypeError', message: 'inner' } } })
  })

  test('shows what it is told to show, kind by kind', () => {
    const { stderr, stdout } = run(`
      setLogLevel('warn')
      console.log(JSON.stringify(logSettings()))
      setLogSettings({ debug: true, info: true, warning: false, error: false })
      for (const level of ['debug', 'info', 'warn', 'error']) log(level, level)`)
    expect(parse(stdout)).toEqual([{ debug: false, info: false, warning: true, error: true }])
    expect(parse(stderr).map(({ message }) => message)).toEqual(['debug', 'info'])
  })

  test('leaves out what is below its level', () => {
    const { stderr } = run(`
      log('debug', 'a'); log('info', 'b')
      setLogLevel('debug'); log('debug', 'c')
      setLogLevel('error'); log('warn', 'd'); log('error', 'e')
      setLogLevel('silent'); log('error', 'f')`)
    expect(parse(stderr).map((line) => line.message)).toEqual(['b', 'c', 'e'])
  })

  test('goes to the end of a file that others write to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-log-'))
    const file = join(folder, 'log')
    const descriptor = openSync(file, 'a')
    try {
      for (const name of ['a', 'b']) run(`log('info', '${name}')`, descriptor)
      expect(parse(readFileSync(file, 'utf8')).map((line) => line.message)).toEqual(['a', 'b'])
    } finally {
      closeSync(descriptor)
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the access log', () => {
  function lineOf(options: Parameters<typeof answered>[0], span?: { traceId: string; spanId: string }) {
    const lines: string[] = []
    createAccessLog((line) => lines.push(line))(answered(options), span)
    expect(lines).toHaveLength(1)
    return { text: lines[0] ?? '', line: JSON.parse(lines[0] ?? '') as Record<string, unknown> }
  }

  test('has a line for each request with its times, and no secret', () => {
    const { text, line } = lineOf(
      { model: servedModel('fraud'), totalMs: 1.23456, headers: { 'x-request-id': 'abc-1' } },
      { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) },
    )
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      message: 'request',
      pid: process.pid,
      requestId: 'abc-1',
      trace_id: 'a'.repeat(32),
      span_id: 'b'.repeat(16),
      method: 'POST',
      path: '/v2/models/fraud/infer',
      status: 200,
      model: 'fraud',
      version: 'aaaaaaaaaaaa',
      rows: 3,
      queueMs: 0.1,
      modelMs: 0.6,
      totalMs: 1.235,
      sentBytes: 250,
      peer: '192.0.2.7',
    })
    expect(text).not.toContain('secret')
  })

  test.each([undefined, '', 'two words', 'x'.repeat(129), 'line\nbreak', 'ü'])('makes an id up for %j', (id) => {
    const { line } = lineOf({ headers: id === undefined ? {} : { 'x-request-id': id } })
    expect(line.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
  })

  test.each([
    ['"}, {"level": "error', '"}, {"level": "error'],
    ['/back\\slash\n\u0000é\ud800', '/back\\slash\n\u0000é\ud800'],
    ['/'.repeat(1000), `${'/'.repeat(512)}…`],
  ])('writes the path %j so that it stays one field of one line', (path, shown) => {
    const { text, line } = lineOf({ path, model: servedModel('na"me\n') })
    expect(text).not.toContain('\n')
    expect(line.path).toBe(shown)
    expect(line.model).toBe('na"me\n')
  })
})

const REQUESTS = `import { createAccessLog, droppedLogLines } from ${JSON.stringify(LOG)}
  const access = createAccessLog()
  const one = { request: { method: 'GET', path: '/', headers: {} }, call: {}, status: 200, sentBytes: 1, totalMs: 1 }
  function write() { for (let i = 0; i < 20_000; i++) access(one) }
  write()
  setTimeout(write, 50)
  setTimeout(() => process.stdout.write(droppedLogLines() + '\\n'), 150)\n`

function startRequests(more: string, stderr: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', REQUESTS + more], {
    stdio: ['ignore', 'pipe', stderr],
  })
  const dropped = new Promise<number>((resolve) =>
    child.stdout?.setEncoding('utf8').on('data', (text: string) => resolve(Number(text))),
  )
  return { child, dropped }
}

describe.skipIf(!needs('linux', 'mkfifo'))('when nobody reads the log', () => {
  test.each(['socket', 'pipe'])('through a %s, neither requests nor the end of the process wait', async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-log-'))
    const fifo = join(folder, 'fifo')
    spawnSync('mkfifo', [fifo])
    const descriptor = openSync(fifo, constants.O_RDWR)
    const { child, dropped } = startRequests(
      'setTimeout(() => process.exit(7), 300)',
      kind === 'pipe' ? descriptor : 'pipe', // Node's pipes to children are sockets
    )
    try {
      expect(await dropped).toBeGreaterThan(20_000)
      expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(7)
    } finally {
      child.kill('SIGKILL')
      child.stderr?.destroy()
      closeSync(descriptor)
      rmSync(folder, { recursive: true })
    }
  })

  test('what was dropped is told of once somebody does', async () => {
    const { child, dropped } = startRequests('setInterval(() => {}, 1000)')
    try {
      const lost = await dropped
      let stderr = ''
      await new Promise<void>((resolve) =>
        child.stderr?.setEncoding('utf8').on('data', (text: string) => {
          stderr += text
          if (stderr.includes('dropped') && stderr.endsWith('\n')) resolve()
        }),
      )
      const lines = parse(stderr)
      expect(lines.at(-1)).toMatchObject({ level: 'warn', lines: lost })
      expect(lines.length - 1).toBe(40_000 - lost)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

describe('a log sink', () => {
  /** An output that takes `room` bytes from now on. */
  function fake(room: number) {
    const pieces: string[] = []
    const state = { room }
    const output: LogOutput = (bytes) => {
      const taken = bytes.subarray(0, Math.min(state.room, bytes.byteLength))
      if (taken.byteLength > 0) pieces.push(Buffer.from(taken).toString())
      state.room -= taken.byteLength
      return taken.byteLength
    }
    return { pieces, state, output }
  }

  const droppedLine = (lines: number) => `dropped ${lines}`

  test('writes whole lines in pieces of at most 4096 bytes, which a shared pipe does not mix', () => {
    const { pieces, output } = fake(Infinity)
    const sink = createLogSink(output, { droppedLine })
    const lines = Array.from({ length: 100 }, (_, i) => `${i} ${'é'.repeat(i * 3)}`)
    for (const line of lines) sink.write(line)
    sink.flush()
    expect(pieces.join('')).toBe(lines.map((line) => `${line}\n`).join(''))
    for (const piece of pieces) {
      expect(piece.endsWith('\n')).toBe(true)
      expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(4096)
    }
    expect(pieces.length).toBeGreaterThan(3)
  })

  test('goes on in the middle of a line where the output stopped', () => {
    const { pieces, state, output } = fake(3)
    const sink = createLogSink(output, { droppedLine })
    sink.write('abcdef')
    sink.flush()
    sink.write('second')
    sink.flush()
    state.room = 100
    sink.flush()
    expect(pieces.join('')).toBe('abcdef\nsecond\n')
  })

  test('drops what is too much, and says so once there is room', () => {
    const { pieces, state, output } = fake(0)
    const sink = createLogSink(output, { maxWaiting: 10, droppedLine })
    for (const line of ['1234', '5678', 'too', 'much']) sink.write(line)
    expect(sink.droppedLines).toBe(2)
    state.room = 100
    sink.flush()
    sink.write('later')
    sink.flush()
    expect(pieces.join('')).toBe('1234\n5678\ndropped 2\nlater\n')
  })

  test('counts all lines as dropped once its reader is gone', () => {
    const sink = createLogSink(() => undefined, { droppedLine })
    sink.write('a')
    sink.flush()
    sink.write('b')
    sink.flush()
    expect(sink.droppedLines).toBe(2)
  })
})
