import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { findTool, needs } from '../../../test/support/needs.ts'
import { binFolder } from '../../../test/support/python.ts'
import { contentsOf } from '../../tensor/content.fixture.ts'
import { anyTensors } from '../../tensor/frames/frames.fixture.ts'
import { DEFAULT_MAX_FRAME_BYTES, type Frame } from '../../tensor/frames/frame.ts'
import { createFrameReader } from '../../tensor/frames/read-frame.ts'
import { encodeCancel, encodeRequest, sendPieces } from '../../tensor/frames/write-frame.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'

const ECHO = join(import.meta.dirname, '../../../test/support/python-echo.py')

let child: ChildProcess | undefined

afterEach(() => {
  child?.kill('SIGKILL')
})

/** Sends tensors to Python and gives what comes back. */
function startEcho(python: string) {
  child = spawn(python, ['-I', '-B', ECHO], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  const channel = child.stdio[3] as Socket
  const waiting: ((frame: Frame) => void)[] = []
  const reader = createFrameReader(DEFAULT_MAX_FRAME_BYTES, (frame) => waiting.shift()?.(frame))
  channel.on('data', (chunk: Buffer) => reader.push(chunk))
  let id = 0
  const ask = (operation: string, inputs: Tensors): Promise<Frame> => {
    const answered = new Promise<Frame>((resolve) => waiting.push(resolve))
    const request = { model: operation, version: undefined, inputs, outputs: ['a', 'ü'] }
    sendPieces(channel, encodeCancel(7)) // which is of no interest there
    const pieces = encodeRequest(
      ++id,
      { ...request, timeoutMs: undefined, priority: undefined, key: id % 2 === 0 ? 'a key' : undefined },
      DEFAULT_MAX_FRAME_BYTES,
    )
    sendPieces(channel, pieces)
    return answered
  }
  return { ask, channel }
}

describe.skipIf(!needs('python3'))('the wire to Python', () => {
  test('carries every tensor there and back, bit for bit', { timeout: 60_000 }, async () => {
    const { ask } = startEcho(findTool('python3') ?? '')
    await fc.assert(
      fc.asyncProperty(anyTensors, async (inputs) => {
        const frame = await ask('echo', inputs)
        expect(frame.kind === 'answer' && contentsOf(frame.outputs)).toEqual(contentsOf(inputs))
      }),
      { numRuns: 200 },
    )
  })

  test('carries what is larger than any buffer, and failures', async () => {
    const { ask, channel } = startEcho(findTool('python3') ?? '')
    const data = Float64Array.from({ length: 3_000_000 }, (_, i) => i)
    const inputs = new Map([['x', tensor('FP64', [1000, 3000], data)]])
    const frame = await ask('echo', inputs)
    expect(frame.kind === 'answer' && frame.outputs.get('x')?.data).toEqual(data)
    expect(await ask('fail', new Map())).toMatchObject({ kind: 'failure', error: { message: 'on demand' } })
    channel.end()
    expect(await once(child as ChildProcess, 'exit')).toEqual([0, null])
  })
})

test.skipIf(!needs('python environment models'))(
  'numbers are arrays of numpy there, over the bytes that came, and come back the same',
  { timeout: 60_000 },
  async () => {
    const { ask } = startEcho(join(binFolder('models'), 'python'))
    await fc.assert(
      fc.asyncProperty(anyTensors, async (inputs) => {
        // a BOOL is one byte, 0 or 1: others are true
        const sound = new Map([...inputs].filter(([, { datatype }]) => datatype !== 'BOOL'))
        const frame = await ask('arrays', sound)
        expect(frame.kind === 'answer' && contentsOf(frame.outputs)).toEqual(contentsOf(sound))
      }),
      { numRuns: 100 },
    )
  },
)
