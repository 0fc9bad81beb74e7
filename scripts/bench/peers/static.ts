/**
 * The least that node:http can do for the same exchange: reads the request's body to its end and answers with text of
 * a given size. What a server on this Node could reach if its model, its protocol and its checks cost nothing.
 * Arguments: port, size of the answer in bytes.
 */
import { createServer } from 'node:http'

const [port, bodyBytes] = process.argv.slice(2).map(Number)
if (port === undefined || bodyBytes === undefined) throw new Error('static.ts takes a port and a size in bytes')
const body = ' '.repeat(bodyBytes)

createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bodyBytes })
    response.end(body)
  })
}).listen(port, '127.0.0.1')

process.on('SIGTERM', () => process.exit())
