/**
 * The least that node:http can do for the same exchange: reads the request's body to its end and answers with text of
 * a given size. What a server on this Node could reach if its model, its protocol and its checks cost nothing.
 * Arguments: port, then for each request that comes `bytes of its body:bytes of the answer`.
 */
import { createServer } from 'node:http'

const [port, ...pairs] = process.argv.slice(2)
if (port === undefined || pairs.length === 0) throw new Error('static.ts takes a port, and sizes such as 102:231')
const answers = new Map(
  pairs.map((pair): [number, string] => {
    const [asked = 0, answered = 0] = pair.split(':').map(Number)
    return [asked, ' '.repeat(answered)]
  }),
)

createServer((request, response) => {
  let bodyBytes = 0
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bodyBytes += chunk.length
  })
  request.on('end', () => {
    const body = answers.get(bodyBytes) ?? ''
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
}).listen(Number(port), '127.0.0.1')

process.on('SIGTERM', () => process.exit())
