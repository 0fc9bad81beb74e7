/**
 * What goes wrong in bodies and paths, over raw sockets against one server: each request whole, and in two pieces.
 * All are answered in a second, by a status and a sentence that tell what was wrong and nothing of the server.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endCommands, startServer, type RunningServer } from '../support/command.ts'
import { linearModel, twoInputModel, unaryModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import { expectNoGrowth, expectRefusal, MAX_ERROR_BYTES, quickEnough, sendRaw } from './bad-answers.fixture.ts'
import { badBinary } from './bad-binary.fixture.ts'
import { badBodies, GOOD, MAX_BODY_BYTES } from './bad-bodies.fixture.ts'
import { badInvocations } from './bad-invocations.fixture.ts'
import { badTensors } from './bad-tensors.fixture.ts'

const REQUESTS = [...badBodies(), ...badTensors(), ...badBinary(), ...badInvocations()]

let folder: string
let server: RunningServer
let port: number
let runner: number

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

/** In the middle of the head or of the whole. */
function halves(bytes: Buffer, isEarly: boolean): [Buffer, Buffer] {
  const cut = (isEarly ? bytes.indexOf('\r\n\r\n') : bytes.length) >> 1
  return [bytes.subarray(0, cut), bytes.subarray(cut)]
}

describe.skipIf(!needs('linux'))('a server that is sent', () => {
  test.each(REQUESTS.map((request, i) => ({ ...request, i })))('$what: $status', async (request) => {
    const { bytes, status, says, header, i } = request
    for (const pieces of [[bytes], halves(bytes, i % 2 === 0)]) {
      const answer = await quickEnough([runner], () => sendRaw(port, ...pieces))
      expect(answer.status, answer.body.slice(0, MAX_ERROR_BYTES)).toBe(status)
      expect(answer.head).toMatch(header ?? /\r\ncontent-type: application\/json\r\n/i)
      if (status === 200) expect(answer.body).toMatch(says)
      else expectRefusal(answer, says, bytes, folder)
      const next = await sendRaw(port, GOOD.bytes)
      expect([next.status, next.body]).toEqual([200, expect.stringContaining(GOOD.says)])
    }
  })

  test(
    'all of it again and again holds no more memory, and is the same process without a failure of its own',
    { timeout: 120_000 },
    async () => {
      await expectNoGrowth([runner], async () => {
        for (const { bytes } of REQUESTS) await sendRaw(port, bytes)
      })
      expect(await server.runner()).toBe(runner)
      expect(server.stderr()).not.toMatch(/request failed|runner died|"level":"error"/)
    },
  )
})
