import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ROUTES, type RouteName } from '../api/routes.ts'

/** A request as the pretended platform got it. */
export interface Got {
  readonly name: RouteName
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** What it answers: a document, a failure, or nothing at all (the connection breaks). */
export type Reply =
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'break'

/** A server that knows the API's routes and answers as it is told. */
export interface ApiServer {
  readonly url: string
  readonly got: readonly Got[]
  close(): Promise<void>
}

export async function startApiServer(
  reply: (got: Got, attempt: number) => Reply | Promise<Reply>,
  port = 0,
): Promise<ApiServer> {
  const got: Got[] = []
  const server = createServer((request, response) => {
    ;(async () => {
      const url = new URL(request.url ?? '/', 'http://host')
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const found = match(request.method ?? '', url.pathname)
      if (found === undefined) {
        response.writeHead(404).end('nothing here')
        return
      }
      const { headers } = request
      const asked: Got = { ...found, query: url.searchParams, headers, body: Buffer.concat(chunks) }
      got.push(asked)
      const attempt = got.filter(({ name }) => name === asked.name).length
      const answer = await reply(asked, attempt)
      if (answer === 'break') {
        request.socket.destroy()
        return
      }
      const text =
        answer.body === undefined ? '' : typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers }).end(text)
    })().catch(() => response.destroy()) // the caller went in the middle of its request
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${bound}`,
    got,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function match(method: string, path: string): Pick<Got, 'name' | 'params'> | undefined {
  const words = path.split('/')
  for (const route of ROUTES) {
    const pattern = route.path.split('/')
    if (route.method !== method || pattern.length !== words.length) continue
    if (!pattern.every((word, i) => word.startsWith(':') || word === words[i])) continue
    const params = pattern.flatMap((word, i) =>
      word.startsWith(':') ? [[word.slice(1), decodeURIComponent(words[i] ?? '')] as const] : [],
    )
    return { name: route.name, params: Object.fromEntries(params) }
  }
  return undefined
}

/** A failure as the platform tells it. */
export function failure(status: number, code: string, message: string, details: object = {}): Reply {
  return { status, body: { error: { code, message, details } } }
}
