import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { decodeMessage, encodeMessage } from '../../src/codecs/protobuf/messages.ts'
import { METHODS } from '../../src/codecs/protobuf/tables.ts'
import { callWith, frame } from '../../src/hosts/grpc/grpc-client.fixture.ts'
import type { Dice } from '../soak/models.ts'
import type { Heard } from './caller.ts'
import { drawRow, factorOf } from './question.ts'

const INFER = '/inference.GRPCInferenceService/ModelInfer'

/** One client by gRPC, with one call at a time. */
export interface GrpcCaller {
  /** Asks the linear model. Its answer counts as status 200, any failure of it as 500. */
  ask(dice: Dice): Promise<{ readonly heard: Heard; readonly version: number | undefined }>
  hangUp(): void
}

/**
 * A client of this machine that does as clients of gRPC do: it leaves a connection that has said goodbye, and begins again
 * what the server says was never begun there.
 */
export function createGrpcCaller(port: number, model: string, key?: string): GrpcCaller {
  const metadata: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const method = METHODS.get(INFER)
  if (method === undefined) throw new Error(`there is no ${INFER}; this is a bug`)
  const { input, output } = method
  let line: Line | undefined

  async function ask(dice: Dice): ReturnType<GrpcCaller['ask']> {
    const [a, b] = drawRow(dice)
    const question = { name: 'X', datatype: 'FP32', shape: [1, 2], contents: { fp32_contents: [a, b] } }
    const bytes = frame(encodeMessage(input, { model_name: model, inputs: [question] }))
    const sentMs = performance.now()
    for (;;) {
      if (line === undefined || line.session.closed || line.session.destroyed) line = await openLine(port)
      const { session, connectedMs } = line
      const at = { port: line.port, connectedMs, sentMs, head: '' }
      if (line.refusal !== undefined) {
        const { refusal } = line
        line = undefined
        const kind = refusal === 'ECONNREFUSED' ? 'refused' : 'cut'
        return { heard: { ...at, kind, status: 0, body: '', reason: refusal, endedMs: now() }, version: undefined }
      }
      const { status, message, messages, resetCode } = await callWith(session, INFER, bytes, metadata)
      if (status === -1 && resetCode === constants.NGHTTP2_REFUSED_STREAM && (session.closed || session.destroyed))
        continue
      const endedMs = now()
      if (status === -1) {
        const reason = `gRPC stream ended with ${resetCode}`
        return { heard: { ...at, kind: 'cut', status: 0, body: '', reason, endedMs }, version: undefined }
      }
      const [answer] = messages
      const isRight = status === 0 && answer !== undefined
      const number = isRight ? numberIn(decodeMessage(output, answer)) : undefined
      const body = isRight ? '' : `gRPC ${status} ${message}`
      const heard: Heard = { ...at, kind: 'answer', status: isRight ? 200 : 500, body, reason: '', endedMs }
      return { heard, version: factorOf(number, a, b) }
    }
  }

  return {
    ask,
    hangUp() {
      line?.session.destroy()
      line = undefined
    },
  }
}

interface Line {
  readonly session: ClientHttp2Session
  readonly port: number
  readonly connectedMs: number
  /** Why there is no connection. */
  readonly refusal: string | undefined
}

async function openLine(port: number): Promise<Line> {
  const connectedMs = now()
  const session = connect(`http://127.0.0.1:${port}`)
  const refusal = await new Promise<string | undefined>((resolve) => {
    session.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    session.on('close', () => resolve('closed'))
    session.on('connect', () => resolve(undefined))
  })
  return { session, port: refusal === undefined ? (session.socket.localPort ?? 0) : 0, connectedMs, refusal }
}

function numberIn(document: Record<string, unknown>): number | undefined {
  const { outputs } = document as { outputs?: readonly { readonly contents?: { readonly fp32_contents?: number[] } }[] }
  const [output] = outputs ?? []
  const data = output?.contents?.fp32_contents
  return data?.length === 1 ? data[0] : undefined
}

function now(): number {
  return performance.now()
}
