import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import type { BenchModel } from './models.ts'
import { staticGrpcPlan } from './plans.ts'
import { treeOf } from './proc.ts'
import { checkSize, type Check } from './question.ts'
import { canAnswer, startServer, type ServerPlan } from './servers.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { signal } = new AbortController()

const exchanges = (check: Check) => new Map([[1, { path: '/', headers: {}, body: '{}', check }]])

const plan = (script: string, over: Partial<ServerPlan> = {}): ServerPlan => ({
  name: 'sample',
  command: process.execPath,
  args: (port) => ['-e', script, `${port}`],
  exchanges: exchanges(checkSize(2)),
  logFile: join(folder, 'sample.log'),
  ...over,
})

const TINY: BenchModel = {
  name: 'tiny',
  file: 'tiny.onnx',
  questions: [
    {
      model: 'tiny',
      rows: 1,
      inputs: [{ name: 'X', shape: [1, 1], datatype: 'FP64', data: [1] }],
      outputs: [{ name: 'y', shape: [1], datatype: 'FP64', data: [0.25] }],
    },
  ],
}

const ANSWER = `require('node:http').createServer((request, response) => response.end('ok')).listen(Number(process.argv[1]), '127.0.0.1')`
const GRANDCHILD = `require('node:child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"])`

describe.skipIf(!needs('linux'))('a server', () => {
  test('is up with its first right answer, and ends with every process of its tree', async () => {
    const server = await startServer(plan(`${GRANDCHILD}; ${ANSWER}`), signal)
    const tree = treeOf(server.pid)
    expect(tree).toHaveLength(2)
    await server.stop()
    for (const pid of tree) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('that speaks gRPC alone is up with its first right answer by gRPC', async () => {
    const server = await startServer(staticGrpcPlan(TINY, folder), signal)
    await server.stop()
    expect(server.grpcPort).toBe(server.port)
  })

  test('that answers wrongly by gRPC is not measured', async () => {
    const other = TINY.questions.map((question) => ({
      ...question,
      outputs: [{ name: 'y', shape: [1], datatype: 'FP64', data: [0.5] }],
    }))
    const { grpcExchanges } = staticGrpcPlan({ ...TINY, questions: other }, folder)
    const wrong = { ...staticGrpcPlan(TINY, folder), ...(grpcExchanges && { grpcExchanges }) }
    await expect(startServer(wrong, signal)).rejects.toThrow(
      'static-grpc answers wrongly: output "y" is [0.25], right is [0.5]',
    )
  })

  test('that answers wrongly is not measured', async () => {
    await expect(startServer(plan(ANSWER, { exchanges: exchanges(checkSize(3)) }), signal)).rejects.toThrow(
      'sample answers wrongly: status 200 and 2 bytes, not 200 and 3 bytes',
    )
  })

  test('that listens before it can answer is waited for', async () => {
    const slow = `const from = Date.now(); ${ANSWER.replace("response.end('ok')", "{ if (Date.now() - from < 100) response.statusCode = 503; response.end('ok') }")}`
    const server = await startServer(plan(slow), signal)
    await server.stop()
  })

  test('that cannot be found is a failure of its own', async () => {
    await expect(startServer(plan(ANSWER, { command: join(folder, 'none') }), signal)).rejects.toThrow('does not start')
  })

  test('that is restless can be held still', async () => {
    const server = await startServer(plan(ANSWER, { isRestless: true }), signal)
    const state = () => /\) (\w)/.exec(readFileSync(`/proc/${server.pid}/stat`, 'utf8'))?.[1]
    server.pause()
    await expect.poll(state).toBe('T')
    server.resume()
    await expect.poll(state).not.toBe('T')
    server.pause()
    await server.stop()
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH')
  })

  test('that ends at its start is quoted', async () => {
    await expect(startServer(plan(`console.error('no such model'); process.exit(1)`), signal)).rejects.toThrow(
      'last words:\nno such model',
    )
  })

  test('does not see settings of ours in its environment', async () => {
    process.env.SLIPWAY_PORT = '1'
    try {
      const script = `if (process.env.SLIPWAY_PORT || !process.env.SAMPLE) process.exit(1); ${ANSWER}`
      const server = await startServer(plan(script, { env: () => ({ SAMPLE: '1' }) }), signal)
      await server.stop()
    } finally {
      delete process.env.SLIPWAY_PORT
    }
  })
})

test('a server can be asked what it has a request for, by HTTP or by gRPC', () => {
  const byHttp = plan(ANSWER)
  const byGrpc = staticGrpcPlan(TINY, folder)
  const asked = [{ rows: 1 }, { rows: 32 }, { rows: 1, streams: 8 }, { rows: 32, streams: 8 }]
  expect(asked.map((which) => canAnswer(byHttp, which))).toEqual([true, false, false, false])
  expect(asked.map((which) => canAnswer(byGrpc, which))).toEqual([false, false, true, false])
})
