import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { request } from 'node:http'
import { connect } from 'node:net'
import { pathOf, ROUTES } from '../../../src/api/routes.ts'
import { frame, openCall } from '../../../src/hosts/grpc/grpc-client.fixture.ts'
import { allProtocols } from '../../../src/protocols/index.ts'
import { createOipGrpc } from '../../../src/protocols/oip-grpc/oip-grpc.ts'
import { fakeOperations } from '../../../src/protocols/oip/operations.fixture.ts'
import { accessTo, type Route, type WireRequest } from '../../../src/protocols/protocol.ts'
import { atApi, atDataPlane, type Verdict } from '../../../test/support/principals.ts'
import { tell, type Found, type Proof, type ProofOptions } from '../proof.ts'
import { endServer, MODEL } from '../served.ts'
import { makePrincipals, type Principals } from './principals.ts'
import { servePlatform, type ServedPlatform } from './served-platform.ts'

/** Asks every route of the API and the data plane and every method of gRPC as everybody. */
export const authorisation: Proof = {
  name: 'authorisation',
  claim: 'every route of API, REST and gRPC lets in whom it says, and nobody else',
  plant: 'a viewer has the role of an editor',
  seconds: 20,
  async run(options) {
    const served = await servePlatform(options.folder, 'authorisation')
    try {
      return await askAll(options, served, await makePrincipals(served, options.isPlanted === true))
    } finally {
      await endServer(served)
    }
  },
}

/** What was seen of one question. */
interface Told {
  readonly what: string
  readonly who: string
  readonly wanted: Verdict
  readonly seen: string
  readonly isRight: boolean
}

/** Names that nothing has, so that whoever is let in changes nothing. */
const NOTHING = {
  project: 'default',
  model: 'm1',
  label: 'l1',
  version: 7,
  upload: 'u1',
  part: 1,
  endpoint: MODEL,
  revision: 77,
  rollout: 'r1',
  key: 'k1',
  capture: 'c1',
}

/** What would change the endpoint that others are asked about. */
const CHANGING = ['deleteEndpoint', 'pauseEndpoint', 'undoEndpoint']

async function askAll(options: ProofOptions, served: ServedPlatform, principals: Principals): Promise<Found> {
  const { platform, port, grpcPort = 0 } = served
  const told: Told[] = []
  const { operations } = fakeOperations()
  const routes = allProtocols('1.0.0', {}, operations, true).flatMap((protocol) => protocol.routes)
  const methods = createOipGrpc({ serverVersion: '1.0.0', operations }).routes
  for (const [who, key] of principals) {
    if (options.isPlanted === true && who !== 'viewer') continue
    for (const route of ROUTES) {
      const names = CHANGING.includes(route.name) && who !== 'bound' ? { ...NOTHING, endpoint: 'e1' } : NOTHING
      if (CHANGING.includes(route.name) && who === 'bound') continue // it would be let in, to the one that is there
      const path = pathOf(route, names)
      const wanted = atApi(who, route)
      const { status, text } = await ask(Number(new URL(platform.apiUrl).port), route.method, path, key)
      const isHidden = status === 404 && text.includes('there is no project \\"default\\"')
      const seen = status === 401 || status === 403 ? status : isHidden ? 'out' : 'in'
      told.push({
        what: `${route.method} ${path}`,
        who,
        wanted,
        seen: `${status} ${text}`,
        isRight: seen === wanted && status < 500,
      })
    }
    for (const route of routes) told.push(await askRoute(port, route, who, key))
    told.push(...(await askMethods(grpcPort, methods, who, key)))
  }
  const wrong = told.filter(({ isRight }) => !isRight)
  return tell({
    requests: told.length,
    wrong: wrong.length,
    times: principals.size,
    remark: `${ROUTES.length} routes of the API, ${routes.length} of the data plane, ${methods.length} methods, each as ${principals.size}`,
    faults: wrong
      .slice(0, 5)
      .map(
        ({ what, who, wanted, seen }, i) =>
          `${i === 0 && wrong.length > 5 ? `${wrong.length} are wrong, the first: ` : ''}${what} as ${who} should be ${wanted} and was ${seen.slice(0, 200)}`,
      ),
  })
}

async function askRoute(port: number, route: Route, who: string, key: string | undefined): Promise<Told> {
  const path = route.path.replace(/\{[^}]+\}/g, (name) => (/model|endpoint/i.test(name) ? MODEL : '1'))
  const body = route.method === 'POST' ? '{}' : ''
  const headers = body === '' ? {} : { 'content-type': 'application/json' }
  const asked: WireRequest = { method: route.method, path, query: '', headers, body: Buffer.from(body) }
  const wanted = atDataPlane(who, accessTo(route, asked))
  const { status, text } = await ask(port, route.method, path, key, body)
  const isOut = status === 401 || status === 404
  const isRight =
    wanted === 'in'
      ? status !== 401 && status !== 403 && (status < 500 || status === NOT_SPOKEN)
      : wanted === 'out'
        ? isOut
        : status === wanted
  return { what: `${route.method} ${path}`, who, wanted, seen: `${status} ${text}`, isRight }
}

/** What V2 has and the platform does not do. */
const NOT_SPOKEN = 501
const UNAUTHENTICATED = 16
const PERMISSION_DENIED = 7
const NOT_FOUND = 5

async function askMethods(
  port: number,
  methods: readonly Route[],
  who: string,
  key: string | undefined,
): Promise<Told[]> {
  const session = await openFrom(port)
  const told: Told[] = []
  for (const route of methods) {
    const body = new Uint8Array()
    const wanted = atDataPlane(who, accessTo(route, { method: 'POST', path: route.path, query: '', headers: {}, body }))
    const status = await callOnce(session, route.path, key)
    const isOut = status === UNAUTHENTICATED || status === NOT_FOUND
    const isIn = status !== UNAUTHENTICATED && status !== PERMISSION_DENIED && status !== -1
    const isRight =
      wanted === 'in'
        ? isIn
        : wanted === 'out'
          ? isOut
          : status === (wanted === 401 ? UNAUTHENTICATED : PERMISSION_DENIED)
    told.push({ what: route.path, who, wanted, seen: `gRPC ${status}`, isRight })
  }
  session.destroy()
  return told
}

/** @returns the status; 0 for a stream that goes on; -1 when the call was cut */
async function callOnce(session: ClientHttp2Session, path: string, key: string | undefined): Promise<number> {
  const { stream, ended, until } = openCall(session, path, key === undefined ? {} : { authorization: `Bearer ${key}` })
  stream.end(frame(''))
  const first = until(1).then(
    () => new Promise<number>((resolve) => setTimeout(resolve, 50, 0)),
    () => ended.then(({ status }) => status),
  )
  const status = await Promise.race([ended.then((result) => result.status), first])
  stream.destroy()
  return status
}

/** Each connection comes from an address of its own: who is refused again and again is told so, by address. */
let addresses = 0
function nextAddress(): string {
  addresses++
  return `127.9.${(addresses >> 8) & 255}.${addresses & 255 || 1}`
}

async function openFrom(port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${port}`, {
    createConnection: () => connect({ port, host: '127.0.0.1', localAddress: nextAddress() }),
  })
  session.on('error', () => {})
  await new Promise((resolve) => session.once('connect', resolve))
  return session
}

function ask(
  port: number,
  method: string,
  path: string,
  key: string | undefined,
  body = '',
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    const headers = {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
    }
    const options = { port, host: '127.0.0.1', localAddress: nextAddress(), method, path, headers, agent: false }
    const sent = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', (error) => resolve({ status: 599, text: error.message }))
    sent.end(body)
  })
}
