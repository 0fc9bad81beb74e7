/**
 * What goes wrong in bodies and paths, over raw sockets against one server: each request whole, and in two pieces.
 * All are answered in a second, by a status and a sentence that tell what was wrong and nothing of the server.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GraphBuilder, writeOnnx } from '../../src/onnx/index.ts'
import type { Datatype } from '../../src/tensor/datatype.ts'
import { endCommands, startServer, type RunningServer } from '../support/command.ts'
import { linearModel, twoInputModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import { badBodies, GOOD, MAX_BODY_BYTES, type BadRequest } from './bad-bodies.fixture.ts'
import { badTensors } from './bad-tensors.fixture.ts'

const LONGEST_MS = 1000
const MAX_ERROR_BYTES = 1024
const MAX_ECHO_BYTES = 100
const MAX_GROWTH_MIB = 32

/** Where a request is looked into for what an answer repeats: at its ends. */
const LOOKED_INTO_BYTES = 32 << 10

const REQUESTS = [...badBodies(), ...badTensors()]

let folder: string
let server: RunningServer
let port: number
let runner: number

/** `x` to `y`, by one operator. */
function unaryModel(operator: string, datatype: Datatype): Uint8Array {
  const graph = new GraphBuilder({ name: operator })
  graph.op(operator, [graph.input('x', datatype, ['rows'])], {}, { outputs: ['y'] })
  graph.output('y', datatype, ['rows'])
  return writeOnnx(graph.build())
}

const MODELS: Readonly<Record<string, Uint8Array>> = {
  linear: linearModel(),
  two: twoInputModel(),
  log: unaryModel('Log', 'FP32'),
  i64: unaryModel('Identity', 'INT64'),
  u64: unaryModel('Identity', 'UINT64'),
  i32: unaryModel('Identity', 'INT32'),
  u8: unaryModel('Identity', 'UINT8'),
  text: unaryModel('Identity', 'BYTES'),
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-bad-'))
  await mkdir(join(folder, 'models'))
  for (const [name, bytes] of Object.entries(MODELS)) await writeFile(join(folder, 'models', `${name}.onnx`), bytes)
  const limit = ['--max-body-bytes', `${MAX_BODY_BYTES}`]
  server = await startServer([join(folder, 'models'), '--data', join(folder, 'data'), ...limit])
  port = Number(new URL(server.url).port)
  runner = await server.runner()
})

afterAll(async () => {
  await endCommands()
  await rm(folder, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
  readonly tookMs: number
}

/** Sends pieces one after the other on a connection of their own, until an answer is there. */
function send(...pieces: readonly Uint8Array[]): Promise<Answer> {
  const begunMs = performance.now()
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const refuse = (reason: string) => reject(new Error(`${reason}, after ${JSON.stringify(text.slice(0, 300))}`))
    socket.setTimeout(20 * LONGEST_MS, () => refuse('no answer came'))
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part
      const headEnd = text.indexOf('\r\n\r\n')
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1]
      const body = text.slice(headEnd + 4)
      if (headEnd === -1 || length === undefined || body.length < Number(length)) return
      socket.destroy()
      const status = Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
      resolve({ status, head: text.slice(0, headEnd + 2), body, tookMs: performance.now() - begunMs })
    })
    // a server that has said no need not read the rest
    socket.on('error', () => {}).on('close', () => refuse('the connection ended without an answer'))
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece)
        await sleep(5)
      }
    })()
  })
}

/** In the middle of the head or of the whole. */
function halves(bytes: Buffer, isEarly: boolean): [Buffer, Buffer] {
  const cut = (isEarly ? bytes.indexOf('\r\n\r\n') : bytes.length) >> 1
  return [bytes.subarray(0, cut), bytes.subarray(cut)]
}

/** What an answer repeats of its request, beyond what it may. */
function echoOf({ body }: Answer, { bytes }: BadRequest): string | undefined {
  const first = bytes.toString('latin1', 0, LOOKED_INTO_BYTES)
  const last = bytes.subarray(-LOOKED_INTO_BYTES).toString('latin1')
  for (let i = 0; i + MAX_ECHO_BYTES < body.length; i++) {
    const part = body.slice(i, i + MAX_ECHO_BYTES + 1)
    if (first.includes(part) || last.includes(part)) return part
  }
  return undefined
}

function expectRefusal(answer: Answer, request: BadRequest): void {
  const { body } = answer
  expect(body.length).toBeLessThanOrEqual(MAX_ERROR_BYTES)
  const { error, code, ErrorCode, Message } = JSON.parse(body) as Record<string, unknown>
  expect(error ?? Message).toMatch(request.says)
  expect(code ?? ErrorCode).toMatch(/^\w+$/)
  expect(echoOf(answer, request)).toBeUndefined()
  expect(body).not.toMatch(/node:|\.[jt]s\b|\n\s+at |node_modules/)
  for (const path of [folder, process.cwd()]) expect(body).not.toContain(path)
}

async function rssMiB(): Promise<number> {
  const status = await readFile(`/proc/${runner}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

describe.skipIf(!needs('linux'))('a server that is sent', () => {
  test.each(REQUESTS.map((request, i) => ({ ...request, i })))('$what: $status', async (request) => {
    const { bytes, status, says, header, i } = request
    for (const pieces of [[bytes], halves(bytes, i % 2 === 0)]) {
      let answer = await send(...pieces)
      // whatever else the machine does may make one slow
      for (let again = 0; answer.tookMs > LONGEST_MS && again < 5; again++) {
        await sleep(500)
        answer = await send(...pieces)
      }
      expect(answer.status, answer.body.slice(0, MAX_ERROR_BYTES)).toBe(status)
      expect(answer.tookMs).toBeLessThan(LONGEST_MS)
      expect(answer.head).toMatch(header ?? /\r\ncontent-type: application\/json\r\n/i)
      if (status === 200) expect(answer.body).toMatch(says)
      else expectRefusal(answer, request)
      const next = await send(GOOD.bytes)
      expect([next.status, next.body]).toEqual([200, expect.stringContaining(GOOD.says)])
    }
  })

  test('all of it again and again holds no more memory, and is the same process without a failure of its own', async () => {
    // large bodies are let go of when V8 gets round to it, so that one look is not enough; what is kept for good only grows
    const least = { early: Infinity, late: Infinity }
    for (let round = 0; round < 4 || (least.late - least.early > MAX_GROWTH_MIB && round < 10); round++) {
      for (const { bytes } of REQUESTS) await send(bytes)
      const which = round < 2 ? 'early' : 'late'
      least[which] = Math.min(least[which], await rssMiB())
    }
    expect(least.late - least.early).toBeLessThan(MAX_GROWTH_MIB)
    expect(await server.runner()).toBe(runner)
    expect(server.stderr()).not.toMatch(/request failed|runner died|"level":"error"/)
  })
})
