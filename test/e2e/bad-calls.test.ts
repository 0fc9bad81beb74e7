/**
 * What goes wrong with calls of gRPC, over real HTTP/2 against one server of two runners. A bad call ends by itself: the
 * calls beside it on its connection, and after it, do not notice.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ModelStreamInferResponse } from '../../src/codecs/protobuf/infer-messages.ts'
import { decodeMessage } from '../../src/codecs/protobuf/messages.ts'
import { callWith, frame, openCall, type CallResult } from '../../src/hosts/grpc/grpc-client.fixture.ts'
import { endCommands, startServer, type RunningServer } from '../support/command.ts'
import { linearModel, lookupModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import { expectModest, expectNoGrowth, quickEnough } from './bad-answers.fixture.ts'
import { badCalls, GOOD, INFER, MAX_MESSAGE_BYTES, message, type BadCall } from './bad-calls.fixture.ts'

const STREAM = '/inference.GRPCInferenceService/ModelStreamInfer'
const CALLS = badCalls()

let folder: string
let server: RunningServer
let address: string
let runners: readonly number[]
let session: ClientHttp2Session

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-calls-'))
  await mkdir(join(folder, 'models'))
  await writeFile(join(folder, 'models/linear.onnx'), linearModel())
  await writeFile(join(folder, 'models/lookup.onnx'), lookupModel())
  const limit = ['--grpc-max-message-bytes', `${MAX_MESSAGE_BYTES}`]
  server = await startServer([join(folder, 'models'), '--data', join(folder, 'data'), '--workers', '2', ...limit])
  ;[, address = ''] = await server.until(/^By gRPC it answers at (\S+)$/m)
  session = await open()
  runners = await server.processes('runner')
})

afterAll(async () => {
  session?.destroy()
  await endCommands()
  await rm(folder, { recursive: true })
})

async function open(): Promise<ClientHttp2Session> {
  // a client that lets its own large metadata pass, and does not run out of memory by its own large messages
  const opened = connect(`http://${address}`, { maxSendHeaderBlockLength: 1 << 20, maxSessionMemory: 1000 })
  opened.on('error', () => {})
  await once(opened, 'remoteSettings')
  return opened
}

const good = (on: ClientHttp2Session = session): Promise<CallResult> => callWith(on, INFER, frame(GOOD))

async function timed({ path, bytes, metadata }: BadCall): Promise<CallResult & { readonly tookMs: number }> {
  const begunMs = performance.now()
  const result = await callWith(session, path, bytes, metadata)
  return { ...result, tookMs: performance.now() - begunMs }
}

describe.skipIf(!needs('linux'))('a server that is called with', () => {
  test.each(CALLS)('$what: $status', async (call) => {
    const [before, result, after] = await Promise.all([good(), quickEnough(runners, () => timed(call)), good()])
    expect(result.status, result.message).toBe(call.status)
    expect(result.httpStatus).toBe(200)
    if (call.status === 0) expect(result.messages).toHaveLength(1)
    else {
      expect(result.message).toMatch(call.says)
      expectModest(result.message, Buffer.from(call.bytes), folder)
    }
    for (const neighbour of [before, after, await good()]) expect(neighbour).toMatchObject({ status: 0 })
  })

  test.each([
    ['the content type of JSON', { 'content-type': 'application/json' }, 415],
    ['no content type', { 'content-type': '' }, 415],
    ["the content type of gRPC's other form", { 'content-type': 'application/grpc-web' }, 415],
    ['GET', { ':method': 'GET' }, 405],
  ])('%s says so by HTTP', async (_what, head, status) => {
    const result = await callWith(session, INFER, frame(GOOD), head)
    expect(result.httpStatus).toBe(status)
    expect(await good()).toMatchObject({ status: 0 })
  })

  test('metadata of 64 KiB ends that call, and no other', async () => {
    const [before, result, after] = await Promise.all([
      good(),
      callWith(session, INFER, frame(GOOD), { a: 'a'.repeat(64 << 10) }),
      good(),
    ])
    expect(result.messages).toEqual([])
    expect(result.resetCode).not.toBe(0)
    for (const neighbour of [before, after, await good()]) expect(neighbour).toMatchObject({ status: 0 })
  })

  test('a stream with bad messages in its middle answers each in its turn', async () => {
    const messages = [
      GOOD,
      Buffer.from('no message of this kind'),
      message({ id: 'unknown', model_name: 'nothing' }),
      GOOD,
      message({
        id: 'failing',
        model_name: 'lookup',
        inputs: [{ name: 'x', datatype: 'INT64', shape: [1], contents: { int64_contents: [7] } }],
      }),
      message({ id: 'long', inputs: [{ name: 'n'.repeat(1000) }] }),
      GOOD,
    ]
    const result = await callWith(session, STREAM, Buffer.concat(messages.map((each) => frame(each))))
    expect(result.status).toBe(0)
    const answers = result.messages.map((bytes) => decodeMessage(ModelStreamInferResponse, bytes))
    const told = answers.map((answer) => (answer['error_message'] as string | undefined) ?? '')
    expect(told.map((text) => text === '')).toEqual([true, false, false, true, false, false, true])
    expect(answers.map((answer) => (answer['infer_response'] as Record<string, unknown> | undefined)?.['id'])).toEqual([
      '',
      '',
      'unknown',
      '',
      'failing',
      'long',
      '',
    ])
    for (const [i, text] of told.entries()) expectModest(text, Buffer.from(messages[i] as Uint8Array), folder)
  })

  test('calls that are given up, and calls whose time has passed, among good ones', async () => {
    const results = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        if (i % 3 === 0) return (await good()).status
        if (i % 3 === 1) return (await callWith(session, INFER, frame(GOOD), { 'grpc-timeout': '1n' })).status
        const { stream, ended } = openCall(session, i % 2 === 0 ? INFER : STREAM)
        stream.write(frame(GOOD))
        setImmediate(() => stream.close(constants.NGHTTP2_CANCEL))
        await ended
        return undefined
      }),
    )
    expect(new Set(results.filter((_, i) => i % 3 === 0))).toEqual(new Set([0]))
    // their time has passed, or would have passed before their turn
    for (const status of results.filter((_, i) => i % 3 === 1)) expect([4, 14]).toContain(status)
    expect(await good()).toMatchObject({ status: 0 })
  })

  test('3,000 calls at once on one connection, which are answered a few at a time', async () => {
    const busy = await open()
    const statuses = await Promise.all(Array.from({ length: 3000 }, async () => (await good(busy)).status))
    busy.destroy()
    expect(new Set(statuses)).toEqual(new Set([0]))
    expect(await good()).toMatchObject({ status: 0 })
  })

  test(
    'all of it at once, and again and again, holds no more memory, and its runners live',
    { timeout: 120_000 },
    async () => {
      const small = CALLS.filter(({ bytes }) => bytes.length < 1 << 20)
      await expectNoGrowth(runners, async () => {
        const each = await open()
        await Promise.all(small.map(({ path, bytes, metadata }) => callWith(each, path, bytes, metadata)))
        each.destroy()
      })
      expect(await server.processes('runner')).toEqual(runners)
      expect(server.stderr()).not.toMatch(/runner died|"level":"fatal"/)
    },
  )
})
