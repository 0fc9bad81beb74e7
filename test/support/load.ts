/** Clients that ask a server again and again, and remember what went wrong. */
import { Agent, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'

export interface Question {
  /** Model and version as they stand in the path: `fraud`, `fraud/versions/2`. */
  readonly model: string
  readonly body: string
  /** Whether the text of an answer with status 200 is right. */
  readonly isRight: (text: string) => boolean
}

/** What became of one request. */
export interface Outcome {
  readonly text: string
  readonly failure?: string
  readonly isRefused: boolean
  readonly saysClose: boolean
  /** Of the connection, on the client's side. */
  readonly port: number
}

export interface Failed {
  readonly failure: string
  readonly port: number
}

/** Asks once, on a kept connection or on one of its own. */
export function ask(url: string, agent: Agent | false, question: Question): Promise<Outcome> {
  return new Promise((resolve) => {
    let port = 0
    const end = (outcome: Partial<Outcome>) =>
      resolve({ text: '', isRefused: false, saysClose: false, port, ...outcome })
    const sent = request(`${url}/v2/models/${question.model}/infer`, { method: 'POST', agent }, (response) => {
      let text = ''
      response
        .setEncoding('utf8')
        .on('data', (part: string) => (text += part))
        .on('error', (error) => end({ failure: error.message }))
        .on('end', () => {
          const isRight = response.statusCode === 200 && question.isRight(text)
          end({
            text,
            ...(isRight ? {} : { failure: `${response.statusCode} ${text}` }),
            saysClose: response.headers.connection === 'close',
          })
        })
    })
    // a connection that was cut tells its port no more
    sent.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (port = socket.localPort ?? 0))
      else port = socket.localPort ?? 0
    })
    sent.on('error', (error: NodeJS.ErrnoException) =>
      end({ failure: error.code ?? error.message, isRefused: error.code === 'ECONNREFUSED' }),
    )
    sent.end(question.body)
  })
}

/** Clients that each ask again and again on a connection of their own, until they are stopped or told to go. */
export function startLoad(url: string, clients: number, question: Question, goes: 'away' | 'on' = 'away') {
  const failures: Failed[] = []
  const load = { answers: 0, isStopped: false, last: '' }
  async function client(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!load.isStopped) {
      const { failure, isRefused, saysClose, text, port } = await ask(url, agent, question)
      if (isRefused && goes === 'away') break
      if (failure === undefined) load.answers++
      else failures.push({ failure, port })
      load.last = text
      if (saysClose && goes === 'away') break
      await setTimeout(1)
    }
    agent.destroy()
  }
  const done = Promise.all(Array.from({ length: clients }, client))
  return {
    /** Every request that got no right answer. */
    failures,
    /** Fulfilled once every client has been told to go, was refused or was stopped. */
    done,
    stop: async () => {
      load.isStopped = true
      await done
    },
    /** Waits for so many more answers. */
    more: async (count: number) => {
      const before = load.answers
      while (load.answers - before < count) await setTimeout(5)
    },
    /** The last answer. */
    last: () => load.last,
  }
}
