/**
 * The least that node:http2 can do for the same call: reads the message to its end and answers with one that was made
 * beforehand. What a server on this Node's own HTTP/2 could reach if its model, its protocol and its checks cost nothing.
 * Arguments: port, the answer with its prefix in base64.
 */
import { createServer, type ServerHttp2Stream } from 'node:http2'

const [port, text] = process.argv.slice(2)
if (port === undefined || text === undefined) throw new Error('static-grpc.ts takes a port, and an answer in base64')
const answer = Buffer.from(text, 'base64')

const server = createServer()
server.on('stream', (stream: ServerHttp2Stream) => {
  stream.on('error', () => {}) // the client has left
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(answer)
  })
})
server.listen(Number(port), '127.0.0.1')

process.on('SIGTERM', () => process.exit())
