import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import { choicesOf } from '../choices.fixture.ts'
import { createLocalPlane, type LocalPlane } from '../local-plane.ts'
import type { PredictContext } from '../plane.ts'
import { timesBundle, timesEngine } from '../times-bundle.fixture.ts'
import { connectReplicas } from './connect-replicas.ts'
import type { FrameServer } from './serve-frames.ts'
import { servePlane } from './serve-plane.ts'

const BUNDLE = timesBundle({ factor: 3 })

let folder: string
let holder: LocalPlane
let other: LocalPlane
let frames: FrameServer
const holderEngine = timesEngine()
const otherEngine = timesEngine()

function planeWith(engine: ReturnType<typeof timesEngine>): LocalPlane {
  return createLocalPlane({
    engines: [engine],
    choose: () => choicesOf({ maxBatchRows: 64, maxQueueRows: 1000 }),
    timeoutMs: 5000,
    now: () => performance.now(),
  })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-planes-'))
  const socket = join(folder, 'holder')
  holder = planeWith(holderEngine)
  const { name, version } = await holder.load(BUNDLE)
  const server = createServer()
  frames = servePlane(server, holder)
  await new Promise<void>((resolve) => void server.listen(socket, resolve))
  other = planeWith(otherEngine)
  const program = connectReplicas({
    sockets: [socket],
    engines: ['times'],
    maxRunMs: 5000,
    now: () => performance.now(),
    model: { name, version },
    canRunOffLoop: true,
  })
  await other.load(BUNDLE, { program, choices: choicesOf({ plan: 'off-loop', concurrency: 4, maxQueueRows: 1000 }) })
})

afterEach(async () => {
  await other.close()
  await frames.drain(1000)
  await holder.close()
  rmSync(folder, { recursive: true })
})

function x(...rows: [number, number][]): Tensors {
  return new Map([['x', tensor('FP64', [rows.length, 2], Float64Array.from(rows.flat()))]])
}

async function ask(inputs: Tensors, context: PredictContext = {}): Promise<unknown> {
  const { outputs } = await other.predict(other.model('times'), inputs, context)
  return [...outputs].map(([name, { data }]) => [name, ...data])
}

test('a plane answers for a model that another one holds, and loads nothing for it', async () => {
  expect(await ask(x([1, 2]))).toEqual([
    ['product', 3, 6],
    ['rows', 1n],
  ])
  expect(await ask(x([1, 2]), { outputs: ['rows'] })).toEqual([['rows', 1n]])
  expect(await ask(x([1, 2]), { outputs: ['rows', 'product'] })).toEqual([
    ['rows', 1n],
    ['product', 3, 6],
  ])
  expect(otherEngine.loaded).toEqual([])
  expect(holderEngine.loaded).toHaveLength(1)
})

test('every caller gets its own rows, however they were put together on the way', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(x([i, i + 1]), { outputs: ['product'] })))
  expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => [['product', 3 * i, 3 * (i + 1)]]))
})

test('a failure of the model there is the failure of that request here, and tells nothing of its inside', async () => {
  const settled = await Promise.allSettled([ask(x([1, 2])), ask(x([-1, 0])), ask(x([3, 4]))])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const [, failed] = settled
  expect((failed as PromiseRejectedResult).reason).toMatchObject({
    code: 'internal',
    message: 'the server failed to answer; its log says why',
  })
})

test('a model that was taken out there is unavailable here', async () => {
  await holder.unload('times')
  await expect(ask(x([1, 2]))).rejects.toMatchObject({ code: 'unavailable' })
})
