/** gRPC as the real server speaks it: its port, its keys, its metrics, its log, and its runners coming and going. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, type Document } from '../../src/codecs/protobuf/messages.ts'
import { METHODS } from '../../src/codecs/protobuf/tables.ts'
import { callWith, frame, openCall, type CallResult } from '../../src/hosts/grpc/grpc-client.fixture.ts'
import { endCommands, runCommand, startCommand, startServer, type RunningServer } from '../support/command.ts'

const FRAUD = resolve(import.meta.dirname, '../../examples/fraud/fraud.onnx')
const INFER = '/inference.GRPCInferenceService/ModelInfer'
const ROW = [189.9, 22, 0.4, 12.5, 0.47, 3, 0, 1, 240, 1]
const REQUEST = {
  model_name: 'fraud',
  inputs: [{ name: 'X', datatype: 'FP64', shape: [1, 10], contents: { fp64_contents: ROW } }],
}

let folder: string
const sessions: ClientHttp2Session[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-grpc-'))
})

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await endCommands()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function start(...args: string[]): Promise<RunningServer> {
  return startServer([FRAUD, '--data', join(folder, 'data'), ...args])
}

async function open(server: RunningServer): Promise<ClientHttp2Session> {
  const [, address = ''] = await server.until(/^By gRPC it answers at (\S+)$/m)
  const session = connect(`http://${address}`)
  session.on('error', () => {})
  sessions.push(session)
  return session
}

function encode(path: string, document: Document): Buffer {
  const method = METHODS.get(path)
  if (method === undefined) throw new Error(`no method ${path}`)
  return frame(encodeMessage(method.input, document))
}

async function infer(
  session: ClientHttp2Session,
  metadata: Record<string, string> = {},
): Promise<CallResult & { readonly document: Record<string, unknown> }> {
  const result = await callWith(session, INFER, encode(INFER, REQUEST), metadata)
  const type = METHODS.get(INFER)?.output
  const [message] = result.messages
  return { ...result, document: type === undefined || message === undefined ? {} : decodeMessage(type, message) }
}

test('gRPC and REST give the same numbers, and are counted alike', { timeout: 60_000 }, async () => {
  const server = await start('--access-log')
  const session = await open(server)
  const byGrpc = await infer(session, {
    'x-request-id': 'call-1',
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  })
  const inputs = [{ name: 'X', datatype: 'FP64', shape: [1, 10], data: ROW }]
  const answer = await fetch(`${server.url}/v2/models/fraud/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  })
  const { outputs } = (await answer.json()) as { outputs: { name: string; data: number[] }[] }
  expect(byGrpc.status).toBe(0)
  expect(byGrpc.headers['x-request-id']).toBe('call-1')
  const probabilities = outputs.find(({ name }) => name === 'predict_proba')?.data
  expect(byGrpc.document['outputs']).toMatchObject([{}, { contents: { fp64_contents: probabilities } }])
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toMatch(/requests_total\{[^}]*model="fraud"[^}]*code="200"[^}]*\} 2/)
  await server.until(
    new RegExp(`"requestId":"call-1","trace_id":"${'a'.repeat(32)}".*"path":"${INFER}","status":200,"model":"fraud"`),
  )
})

test('keys guard gRPC as they guard REST', { timeout: 60_000 }, async () => {
  const file = join(folder, 'keys')
  const { stdout } = await runCommand(['key', 'new', '--name', 'k', '--scopes', 'inference', '--file', file, '--json'])
  const { key } = JSON.parse(stdout) as { key: string }
  const session = await open(await start('--api-key-file', file))
  expect(await infer(session)).toMatchObject({ status: 16 })
  expect(await infer(session, { authorization: `Bearer ${key}x` })).toMatchObject({ status: 16 })
  expect(await infer(session, { authorization: `Bearer ${key}` })).toMatchObject({ status: 0 })
  const health = '/grpc.health.v1.Health/Check'
  expect(await callWith(session, health, encode(health, {}))).toMatchObject({ status: 0 })
  // strangers are refused before their messages have come
  expect(await openCall(session, INFER).ended).toMatchObject({ status: 16 })
})

test('replacing every runner costs no call', { timeout: 120_000 }, async () => {
  const server = await start('--workers', '2')
  const results: number[] = []
  const over = new AbortController()
  const callers = Array.from({ length: 4 }, async () => {
    let session = await open(server)
    while (!over.signal.aborted) {
      // as clients of gRPC do: leave a connection that has said goodbye, and begin again what was never begun there
      let isWelcome = true
      while (isWelcome && !over.signal.aborted) {
        const { status, resetCode } = await infer(session)
        isWelcome = !session.closed
        if (resetCode !== constants.NGHTTP2_REFUSED_STREAM || isWelcome) results.push(status)
      }
      session.close()
      session = await open(server)
    }
  })
  server.child.kill('SIGUSR2')
  await server.until(/every runner was replaced/)
  over.abort()
  await Promise.all(callers)
  expect(results.length).toBeGreaterThan(0)
  expect(results.filter((status) => status !== 0)).toEqual([])
})

test('a port for gRPC that is taken is named by its option', { timeout: 60_000 }, async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => blocker.once('listening', done))
  const { port } = blocker.address() as AddressInfo
  const args = ['serve', FRAUD, '--port', '0', '--grpc-port', `${port}`, '--data', join(folder, 'data')]
  const { code, stderr } = await runCommand(args)
  blocker.close()
  expect(code).toBe(1)
  expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use: choose another with --grpc-port`)
})

test('a server without gRPC says nothing of it', { timeout: 60_000 }, async () => {
  const command = startCommand([
    'serve',
    FRAUD,
    '--port',
    '0',
    '--grpc-port',
    '-1',
    '--json',
    '--data',
    join(folder, 'data'),
  ])
  const [line] = await command.until(/^\{"url".*\}$/m)
  expect(JSON.parse(line)).not.toHaveProperty('grpcAddress')
})
