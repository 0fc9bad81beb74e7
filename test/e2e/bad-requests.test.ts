/**
 * What goes wrong in requests of the Open Inference Protocol, by every form in which they can be said, against one server
 * of two runners: the same refusal by JSON, by bytes and by protobuf, and good requests beside each bad one unharmed.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type ClientHttp2Session } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeModelInferRequest } from '../../src/codecs/protobuf/model-infer.ts'
import { decodeV2Request } from '../../src/codecs/v2-json.ts'
import { callWith, frame, type CallResult } from '../../src/hosts/grpc/grpc-client.fixture.ts'
import { DATATYPES, type Datatype } from '../../src/tensor/datatype.ts'
import type { Tensors } from '../../src/tensor/tensor.ts'
import { endCommands, startServer, type RunningServer } from '../support/command.ts'
import { linearModel, lookupModel, twoInputModel, unaryModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import {
  expectModest,
  expectNoGrowth,
  expectRefusal,
  quickEnough,
  sendRaw,
  type Answer,
} from './bad-answers.fixture.ts'
import {
  badMeant,
  FORMS,
  GOOD,
  GOOD_ANSWER,
  grpcRequest,
  restRequest,
  STATUS,
  type BadMeant,
  type Form,
  type Meant,
} from './bad-requests.fixture.ts'

const INFER = '/inference.GRPCInferenceService/ModelInfer'

const MODELS: Readonly<Record<string, Uint8Array>> = {
  linear: linearModel(),
  two: twoInputModel(),
  lookup: lookupModel(),
  log: unaryModel('Log', 'FP32'),
  ...Object.fromEntries(
    DATATYPES.filter((datatype) => datatype !== 'BF16').map((datatype: Datatype) => [
      datatype.toLowerCase(),
      unaryModel('Identity', datatype),
    ]),
  ),
}

let folder: string
let server: RunningServer
let port: number
let runners: readonly number[]
let session: ClientHttp2Session

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-meant-'))
  await mkdir(join(folder, 'models'))
  for (const [name, bytes] of Object.entries(MODELS)) await writeFile(join(folder, 'models', `${name}.onnx`), bytes)
  server = await startServer([join(folder, 'models'), '--data', join(folder, 'data'), '--workers', '2'])
  port = Number(new URL(server.url).port)
  const [, address = ''] = await server.until(/^By gRPC it answers at (\S+)$/m)
  session = connect(`http://${address}`)
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  runners = await server.processes('runner')
})

afterAll(async () => {
  session?.destroy()
  await endCommands()
  await rm(folder, { recursive: true })
})

type Timed<T> = T & { readonly tookMs: number }

async function call(message: Uint8Array): Promise<Timed<CallResult>> {
  const begunMs = performance.now()
  const result = await callWith(session, INFER, frame(message))
  return { ...result, tookMs: performance.now() - begunMs }
}

/** Elements of the first output, out of an answer read as a request: theirs are the same fields. */
function elementsOf(tensors: Tensors): unknown[] {
  const [first] = tensors.values()
  if (first?.datatype === 'BYTES') return first.data.map((bytes) => Buffer.from(bytes).toString())
  return Array.from((first?.data ?? []) as Float64Array, (element) =>
    first?.datatype === 'BOOL' ? element === 1 : element,
  )
}

function restElements({ head, body }: Answer): unknown[] {
  const bytes = Buffer.from(body, 'latin1')
  const length = Number(/\r\ninference-header-content-length: (\d+)\r\n/i.exec(head)?.[1] ?? bytes.length)
  const json = Buffer.from(bytes.toString('utf8', 0, length).replace('"outputs":', '"inputs":'))
  return elementsOf(decodeV2Request(Buffer.concat([json, bytes.subarray(length)]), json.length).inputs)
}

function grpcElements(message: Buffer): unknown[] {
  const { request, isRaw } = decodeModelInferRequest(withRawInputs(message))
  expect(isRaw || request.inputs.size > 0).toBe(true)
  return elementsOf(request.inputs)
}

/** An answer with its one tensor's raw contents, which are the last field, under the number that a request's have. */
function withRawInputs(message: Buffer): Buffer {
  for (let at = message.lastIndexOf((6 << 3) | 2); at >= 0; at = message.lastIndexOf((6 << 3) | 2, at - 1)) {
    const changed = Buffer.from(message)
    changed[at] = (7 << 3) | 2
    try {
      decodeModelInferRequest(changed)
      return changed
    } catch {
      // a byte of the contents looked like their tag
    }
  }
  return message
}

const isRest = (form: Form): form is 'JSON' | 'binary' => form === 'JSON' || form === 'binary'

/** Good requests, to the same model where that is not what is wrong. */
function neighbourOf({ meant }: BadMeant): readonly [Meant, readonly unknown[]] {
  if (meant.model !== 'lookup') return [GOOD, GOOD_ANSWER]
  return [{ model: 'lookup', inputs: [{ name: 'x', datatype: 'INT64', shape: [1], values: [1n] }] }, [20]]
}

async function expectByRest(row: BadMeant, form: 'JSON' | 'binary'): Promise<void> {
  const bytes = restRequest(row.meant, form)
  const [neighbour, elements] = neighbourOf(row)
  const good = restRequest(neighbour, 'JSON')
  const [before, answer, after] = await Promise.all([
    sendRaw(port, good),
    quickEnough(runners, () => sendRaw(port, bytes)),
    sendRaw(port, good),
  ])
  if (typeof row.outcome === 'string') {
    expect(answer.status, answer.body).toBe(STATUS[row.outcome][0])
    expectRefusal(answer, row.says, bytes, folder)
    expect(JSON.parse(answer.body)).toMatchObject({ code: STATUS[row.outcome][2] })
  } else {
    expect(answer.status, answer.body).toBe(200)
    expect(restElements(answer)).toEqual(row.outcome)
  }
  for (const neighbourAnswer of [before, after, await sendRaw(port, good)]) {
    expect(neighbourAnswer.status, neighbourAnswer.body).toBe(200)
    expect(restElements(neighbourAnswer)).toEqual(elements)
  }
}

async function expectByGrpc(row: BadMeant, form: 'typed' | 'raw'): Promise<void> {
  const bytes = grpcRequest(row.meant, form)
  const [neighbour, elements] = neighbourOf(row)
  const good = grpcRequest(neighbour, 'typed')
  const [before, result, after] = await Promise.all([call(good), quickEnough(runners, () => call(bytes)), call(good)])
  expect(result.httpStatus).toBe(200)
  if (typeof row.outcome === 'string') {
    expect(result.status, result.message).toBe(STATUS[row.outcome][1])
    expect(result.message).toMatch(row.says)
    expectModest(result.message, Buffer.from(bytes), folder)
  } else {
    expect(result.status, result.message).toBe(0)
    expect(grpcElements(result.messages[0] as Buffer)).toEqual(row.outcome)
  }
  for (const { status, message, messages } of [before, after, await call(good)]) {
    expect(status, message).toBe(0)
    expect(grpcElements(messages[0] as Buffer)).toEqual(elements)
  }
}

const ROWS = badMeant()
const CASES = ROWS.flatMap((row) => (row.forms ?? FORMS).map((form) => ({ what: row.what, row, form })))

describe.skipIf(!needs('linux'))('a server that is sent', () => {
  test.each(CASES)('$what, by $form', ({ row, form }) =>
    isRest(form) ? expectByRest(row, form) : expectByGrpc(row, form),
  )

  test(
    'all of it at once, and again and again, holds no more memory, and its runners live',
    { timeout: 120_000 },
    async () => {
      await expectNoGrowth(runners, async () => {
        await Promise.all(
          CASES.map(({ row, form }) =>
            isRest(form) ? sendRaw(port, restRequest(row.meant, form)) : call(grpcRequest(row.meant, form)),
          ),
        )
      })
      expect(await server.processes('runner')).toEqual(runners)
      expect(server.stderr()).not.toMatch(/runner died|"level":"fatal"/)
    },
  )
})
