import { connect } from 'node:http2'
import { ServingError } from '../../src/core/errors.ts'
import type { GrpcAnswer, GrpcExchange } from './grpc-question.ts'

/** How long an answer may take (ms). */
const LONGEST_MS = 10_000

/**
 * Asks once by gRPC, on a connection of its own.
 * @throws what the connection throws, `ECONNREFUSED` while nobody listens
 */
export function askGrpc(
  port: number,
  { path, metadata, frame }: GrpcExchange,
  signal: AbortSignal,
): Promise<GrpcAnswer> {
  return new Promise<GrpcAnswer>((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`)
    const fail = (error: Error) => {
      session.destroy()
      reject(error)
    }
    session.on('error', fail)
    const call = session.request(
      { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...metadata },
      { signal },
    )
    const chunks: Buffer[] = []
    let ends: { readonly [name: string]: unknown } = {}
    // a refusal has no body: its status stands in the headers
    call.on('response', (headers) => (ends = headers))
    call.on('trailers', (trailers) => (ends = trailers))
    call.on('data', (chunk: Buffer) => chunks.push(chunk))
    call.setTimeout(LONGEST_MS, () =>
      fail(new ServingError('deadline_exceeded', `no answer by gRPC within ${LONGEST_MS / 1000} s`)),
    )
    // a connection that fails ends its calls with its own error as their cause
    call.on('error', (error) => fail(error.cause instanceof Error ? error.cause : error))
    call.on('end', () => {
      session.close()
      const { 'grpc-status': status, 'grpc-message': message } = ends
      resolve({
        status: Number(status),
        message: typeof message === 'string' ? message : '',
        body: Buffer.concat(chunks),
      })
    })
    call.end(frame)
  })
}
