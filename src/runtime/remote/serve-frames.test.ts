import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import { DEFAULT_MAX_FRAME_BYTES, type Frame } from '../../tensor/frames/frame.ts'
import { anyRequest, damagedBy, joined, someDamage } from '../../tensor/frames/frames.fixture.ts'
import { createFrameReader } from '../../tensor/frames/read-frame.ts'
import { serveFrames, type FrameServer, type RemoteRequest, type ServeFramesOptions } from './serve-frames.ts'
import { encodeAnswer, encodeCancel, encodeRequest } from '../../tensor/frames/write-frame.ts'
import { column, numbersOf, tenfold } from './tenfold.fixture.ts'

let folder: string
let path: string
let server: Server
let frames: FrameServer
let clients: Client[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-frames-'))
  path = join(folder, 's')
  clients = []
})

afterEach(async () => {
  for (const { socket } of clients) socket.destroy()
  await frames.drain(1000)
  rmSync(folder, { recursive: true })
})

async function serve(
  handler: (request: RemoteRequest) => Tensors | Promise<Tensors>,
  options?: ServeFramesOptions,
): Promise<void> {
  server = createServer()
  frames = serveFrames(server, handler, options)
  await new Promise<void>((resolve) => void server.listen(path, resolve))
}

/** The wire from the client's side, by hand. */
interface Client {
  readonly socket: Socket
  readonly received: Frame[]
  readonly closed: Promise<void>
  ask(id: number, inputs: Tensors): void
  /** Waits for so many frames in all. */
  has(count: number): Promise<Frame[]>
}

async function connected(): Promise<Client> {
  const socket = connect(path)
  const received: Frame[] = []
  const wakers = new Set<() => void>()
  const reader = createFrameReader(DEFAULT_MAX_FRAME_BYTES, (frame) => {
    received.push(frame)
    for (const wake of wakers) wake()
  })
  socket.on('data', (chunk: Buffer) => reader.push(chunk))
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => void socket.on('close', () => resolve()))
  await new Promise<void>((resolve, reject) => void socket.on('connect', resolve).on('error', reject))
  const client: Client = {
    socket,
    received,
    closed,
    ask: (id, inputs) =>
      void socket.write(
        joined(
          encodeRequest(
            id,
            { model: 'm', version: 'v', inputs, outputs: ['y'], timeoutMs: 50, priority: 1 },
            DEFAULT_MAX_FRAME_BYTES,
          ),
        ),
      ),
    async has(count) {
      while (received.length < count) await new Promise<void>((resolve) => wakers.add(resolve))
      return received
    },
  }
  clients.push(client)
  return client
}

/** A handler whose answers wait until the test gives them, by the first number that was asked about. */
function held() {
  const asked = new Map<number, RemoteRequest>()
  const answers = new Map<number, PromiseWithResolvers<Tensors>>()
  let wake = () => {}
  return {
    asked,
    handler: (request: RemoteRequest): Promise<Tensors> => {
      const number = numbersOf(request.inputs, 'x')[0] ?? 0
      const answer = Promise.withResolvers<Tensors>()
      asked.set(number, request)
      answers.set(number, answer)
      wake()
      return answer.promise
    },
    give: (number: number) => answers.get(number)?.resolve(column(number)),
    async has(count: number): Promise<void> {
      while (asked.size < count) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

test('many requests are under way on one connection, and are answered in any order', async () => {
  const model = held()
  await serve(model.handler)
  const client = await connected()
  for (const number of [1, 2, 3]) client.ask(number, column(number))
  await model.has(3)
  expect(frames.inFlight).toBe(3)
  for (const number of [3, 1, 2]) model.give(number)
  const answers = await client.has(3)
  expect(answers.map((frame) => frame.kind === 'answer' && [frame.id, numbersOf(frame.outputs, 'x')])).toEqual([
    [3, [3]],
    [1, [1]],
    [2, [2]],
  ])
  expect(frames.inFlight).toBe(0)
})

test('a request brings the model, the outputs, the time left and the priority', async () => {
  const model = held()
  await serve(model.handler)
  const client = await connected()
  client.ask(1, column(5))
  await model.has(1)
  expect(model.asked.get(5)).toMatchObject({ model: 'm', version: 'v', outputs: ['y'], timeoutMs: 50, priority: 1 })
})

test('a failure crosses with its code, message and details; of an unknown one nothing does, and it is told of here', async () => {
  const failures: unknown[] = []
  const known = new ServingError('invalid_argument', 'no such row', { details: { row: 3 } })
  await serve(
    ({ inputs }) => {
      throw numbersOf(inputs, 'x')[0] === 1 ? known : new Error('secret of /srv/models')
    },
    { onFailure: (error) => failures.push(error.cause) },
  )
  const client = await connected()
  client.ask(1, column(1))
  client.ask(2, column(2))
  const [first, second] = await client.has(2)
  expect(first).toMatchObject({ kind: 'failure', id: 1, error: { code: 'invalid_argument', message: 'no such row' } })
  expect((first as { error: ServingError }).error.details).toEqual({ row: 3 })
  expect((second as { error: ServingError }).error.toJSON()).toEqual({
    error: { code: 'internal', message: 'the server failed to answer; its log says why', details: {} },
  })
  expect(failures).toEqual([expect.objectContaining({ message: 'secret of /srv/models' })])
})

test('an answer that does not fit a frame is a failure of that request alone', async () => {
  const huge = new Map([['y', tensor('UINT8', [5000], new Uint8Array(5000))]])
  await serve(({ inputs }) => (numbersOf(inputs, 'x')[0] === 1 ? huge : tenfold(inputs)), { maxFrameBytes: 4000 })
  const client = await connected()
  client.ask(1, column(1))
  client.ask(2, column(2))
  const [first, second] = await client.has(2)
  expect(first).toMatchObject({ kind: 'failure', id: 1, error: { code: 'too_large' } })
  expect(second).toMatchObject({ kind: 'answer', id: 2 })
})

test('a caller that cancels, or whose connection ends, has gone', async () => {
  const model = held()
  await serve(model.handler)
  const [canceller, leaver] = [await connected(), await connected()]
  canceller.ask(1, column(1))
  leaver.ask(1, column(2))
  await model.has(2)
  const gone = [1, 2].map((number) => {
    const call = model.asked.get(number)?.call
    return new Promise<void>((resolve) => {
      if (call !== undefined) call.onAborted = resolve
    })
  })
  expect(model.asked.get(1)?.call.aborted).toBe(false)
  canceller.socket.write(joined(encodeCancel(9), encodeCancel(1)))
  leaver.socket.destroy()
  await Promise.all(gone)
  expect([...model.asked.values()].map(({ call }) => call.aborted)).toEqual([true, true])
  model.give(1) // what is cancelled is answered all the same
  model.give(2)
  await canceller.has(1)
})

test('more requests than a connection may have under way are refused, the others go on', async () => {
  const model = held()
  await serve(model.handler, { maxInFlight: 2 })
  const client = await connected()
  for (const number of [1, 2, 3]) client.ask(number, column(number))
  const [refused] = await client.has(1)
  expect(refused).toMatchObject({ id: 3, error: { code: 'overloaded', details: { retryAfterMs: 100 } } })
  model.give(1)
  model.give(2)
  await client.has(3)
})

test('a connection with damage ends, and no other', async () => {
  const damages: string[] = []
  await serve(({ inputs }) => tenfold(inputs), { onDamage: (error) => damages.push(error.message) })
  const good = await connected()
  const request = joined(encodeRequest(1, requestOf(column(1)), DEFAULT_MAX_FRAME_BYTES))
  const bad: [string | Buffer, string][] = [
    ['GET / HTTP/1.1\r\nhost: here\r\n\r\n', 'it does not begin as frames do'],
    [Buffer.concat([request, Buffer.alloc(1000)]), 'it does not begin as frames do'],
    [joined(encodeAnswer(1, column(1), DEFAULT_MAX_FRAME_BYTES)), 'a client sends no answer'],
  ]
  for (const [bytes, why] of bad) {
    const client = await connected()
    client.socket.write(bytes)
    await client.closed
    expect(damages.at(-1)).toBe(`damaged frame: ${why}`)
  }
  good.ask(1, column(4))
  const [answer] = await good.has(1)
  expect(numbersOf((answer as Extract<Frame, { kind: 'answer' }>).outputs)).toEqual([40])
})

test('streams with damage in them, cut anywhere, neither end the server nor hold a connection', async () => {
  await serve(({ inputs }) => inputs, { maxFrameBytes: 1_000_000 })
  const good = await connected()
  let asked = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRequest, { minLength: 1, maxLength: 3 }),
      someDamage,
      fc.nat(),
      async (all, damage, cut) => {
        const whole = joined(...all.map((request, i) => encodeRequest(i, request, DEFAULT_MAX_FRAME_BYTES)))
        const stream = damagedBy(damage, whole)
        const socket = connect(path).on('error', () => {})
        socket.resume()
        socket.write(stream.subarray(0, cut % (stream.length + 1)))
        await new Promise((resolve) => void setImmediate(resolve))
        socket.end(stream.subarray(cut % (stream.length + 1)))
        await new Promise((resolve) => void socket.on('close', resolve))
        good.ask(++asked, column(asked))
        await good.has(asked)
      },
    ),
    { numRuns: 300 },
  )
  expect(good.received.map(({ kind }) => kind)).toEqual(good.received.map(() => 'answer'))
  while (frames.connections > 1) await new Promise((resolve) => void setImmediate(resolve))
  expect(frames.inFlight).toBe(0)
})

test('two requests of one id under way are damage', async () => {
  const model = held()
  await serve(model.handler)
  const client = await connected()
  client.ask(1, column(1))
  client.ask(1, column(2))
  await client.closed
})

test('half a frame waits for its rest without holding anybody up', async () => {
  await serve(({ inputs }) => tenfold(inputs))
  const [slow, quick] = [await connected(), await connected()]
  const request = joined(encodeRequest(1, requestOf(column(1)), DEFAULT_MAX_FRAME_BYTES))
  slow.socket.write(request.subarray(0, 30))
  quick.ask(1, column(2))
  await quick.has(1)
  slow.socket.write(request.subarray(30))
  await slow.has(1)
})

test('a client that does not read is not read from, and gets all once it does', async () => {
  let answered = 0
  const big = new Map([['y', tensor('UINT8', [200_000], new Uint8Array(200_000).fill(7))]])
  await serve(() => {
    answered++
    return big
  })
  const client = await connected()
  client.socket.pause()
  for (let i = 1; i <= 50; i++) {
    client.ask(i, column(i))
    await new Promise((resolve) => void setImmediate(resolve)) // one piece each
  }
  await new Promise((resolve) => void setTimeout(resolve, 100))
  expect(answered).toBeLessThan(50)
  client.socket.resume()
  await client.has(50)
})

function requestOf(inputs: Tensors) {
  return { model: 'm', version: 'v', inputs, outputs: ['y'], timeoutMs: undefined, priority: undefined }
}

describe('draining', () => {
  test('answers what is under way, refuses the rest, and ends when the clients have', async () => {
    const model = held()
    await serve(model.handler)
    const client = await connected()
    client.ask(1, column(1))
    await model.has(1)
    let hasEnded = false
    const drained = frames.drain(60_000).then(() => (hasEnded = true))
    expect(await client.has(1)).toEqual([{ kind: 'goodbye' }])
    client.ask(2, column(2))
    await client.has(2)
    expect(client.received[1]).toMatchObject({ kind: 'failure', id: 2, error: { code: 'unavailable' } })
    model.give(1)
    await client.has(3)
    expect(client.received[2]).toMatchObject({ kind: 'answer', id: 1 })
    expect(hasEnded).toBe(false)
    client.socket.end()
    await drained
    await expect(connected()).rejects.toThrow('ENOENT')
  })

  test('does not wait for ever for a client that stays', async () => {
    await serve(held().handler)
    const client = await connected()
    await frames.drain(20)
    await client.closed
  })
})
