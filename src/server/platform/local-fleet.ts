import { chmod, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import type { RouteTable } from '../../api/route-table.ts'
import type { EndpointRollout, RunnerStatus, ToControl, ToDataPlane } from '../../api/runner-status.ts'
import type { Fleet, HeardRunner } from '../../control/fleet.ts'
import { ServingError } from '../../core/errors.ts'
import { log } from '../log.ts'
import type { EndpointLogMessage } from './monitor/log-messages.ts'
import { planDirectory, readDirectory, stampOfDirectory, writeDirectory } from './directory.ts'
import { readLines, writeLine } from './lines.ts'
import { addDemand, fadeDemand, planDays, planShares, type Demand } from './quota-shares.ts'
import type { RouteFiles } from './route-files.ts'

export interface LocalFleetOptions {
  readonly files: RouteFiles
  /** Unix socket that runners connect to. */
  readonly socket: string
  /** Runners of a project's group. */
  readonly sizeOf: (project: string) => number
  /** ms, never going back. */
  readonly now: () => number
  /** Told of the projects that have endpoints, besides the default one: each needs runners of its own. */
  readonly onProjects: (projects: readonly string[]) => void
  /** Told of lines for the logs of endpoints. */
  readonly onLog?: ((message: EndpointLogMessage) => void) | undefined
  /** How often the files are looked at, whether they are as they were published (ms). Default 2,000. */
  readonly mendEveryMs?: number | undefined
}

export interface LocalFleet extends Fleet {
  /** Tells every runner how rollouts of a project stand, those that come later too. */
  readonly tellRollouts: (project: string, rollouts: readonly EndpointRollout[]) => void
  /** Reads what was published, and listens for runners. */
  listening(): Promise<void>
  close(): Promise<void>
}

/** How often quotas are shared out among runners (ms). */
const SHARE_EVERY_MS = 1000
const MEND_EVERY_MS = 2000
/** A runner that has been away for so long is forgotten (ms). */
const FORGET_AFTER_MS = 60_000

/** The fleet of one machine: tables are files, and runners are told of them over a Unix socket. */
export function createLocalFleet(options: LocalFleetOptions): LocalFleet {
  const { files, socket: path, sizeOf, now } = options
  const connections = new Set<Socket>()
  /** By project, by runner. */
  const heard = new Map<string, Map<string, Heard>>()
  const listeners = new Set<(message: ToControl) => void>()
  const tables = new Map<string, RouteTable>()
  /** Of their files, as they were written. */
  const stamps = new Map<string, string | undefined>()
  /** The files are written one after the other. */
  let turn: Promise<unknown> = Promise.resolve()
  /** What was said of the rollouts of each project last. */
  const rollouts = new Map<string, { readonly message: ToDataPlane; readonly text: string }>()
  let directory = ''
  const server = createServer((socket) => {
    connections.add(socket)
    let runner: Heard | undefined
    socket.on('error', () => {}) // a runner that went; its close is what counts
    socket.on('close', () => {
      connections.delete(socket)
      if (runner?.socket === socket) runner.socket = undefined
    })
    readLines(socket, (document) => {
      const message = document as ToControl | EndpointLogMessage
      if (message.type === 'status') runner = hear(message.status, socket)
      // a runner speaks for its own project, and has said which that is
      else if (message.project !== runner?.status.project) return
      if (message.type === 'log') return options.onLog?.(message)
      for (const listener of listeners) listener(message)
    })
    // whoever was away while something was published looks at once
    for (const [project, { revision }] of tables) writeLine(socket, { type: 'table', project, revision })
    writeLine(socket, { type: 'directory' })
    for (const { message } of rollouts.values()) writeLine(socket, message)
  })

  function hear(status: RunnerStatus, socket: Socket): Heard {
    let group = heard.get(status.project)
    if (group === undefined) heard.set(status.project, (group = new Map()))
    for (const [name, old] of group)
      if (old.socket === undefined && now() - old.heardAtMs > FORGET_AFTER_MS) group.delete(name)
    const demand = addDemand(group.get(status.runner)?.demand, status.demand)
    const known = { status, heardAtMs: now(), socket, demand }
    group.set(status.runner, known)
    return known
  }

  function tellAll(message: ToDataPlane): void {
    for (const socket of connections) writeLine(socket, message)
  }

  /** A table that is damaged is published anew, from what the store says. */
  async function readOrNone(project: string): Promise<RouteTable | undefined> {
    try {
      return await files.read(project)
    } catch (error) {
      if (ServingError.from(error).code !== 'refused') throw error
      log('error', 'a route table is damaged, it is made anew', { project, error })
      return undefined
    }
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  /** After each change: which project a key belongs to, for the runners that take connections. */
  async function renewDirectory(): Promise<void> {
    const planned = planDirectory(tables.values())
    const text = JSON.stringify(planned)
    if (text === directory) return
    await writeDirectory(files.folder, planned)
    directory = text
    options.onProjects(planned.projects)
    tellAll({ type: 'directory' })
  }

  /** One that is as it should be is not written again: on a full disk it could not, and all is well without. */
  async function adoptDirectory(): Promise<void> {
    const planned = planDirectory(tables.values())
    const there = await readDirectory(files.folder).catch(() => undefined)
    if (JSON.stringify(there) === JSON.stringify(planned)) {
      directory = JSON.stringify(planned)
      options.onProjects(planned.projects)
    } else await renewDirectory()
  }

  /** Quotas are shared out anew as often as runners tell where requests came in. */
  function tellShares(): void {
    for (const group of heard.values()) {
      const present = [...group.values()].filter(({ socket }) => socket !== undefined)
      if (!present.some(({ demand }) => Object.keys(demand).length > 0)) continue
      const statuses = present.map(({ status, demand }) => ({ ...status, demand }))
      for (const each of present) each.demand = fadeDemand(each.demand)
      const planned = planShares(statuses)
      const days = planDays(statuses)
      for (const { status, socket } of present) {
        const shares = planned.get(status.runner)
        if (socket !== undefined && shares !== undefined)
          writeLine(socket, { type: 'shares', shares, days: days?.get(status.runner) } satisfies ToDataPlane)
      }
    }
  }
  const sharing = setInterval(tellShares, SHARE_EVERY_MS).unref()

  /** Writes again what somebody has changed or taken away: runners that start follow the files. */
  async function mend(): Promise<void> {
    for (const [project, table] of tables) {
      const found = await files.stamp(project)
      if (found === stamps.get(project)) continue
      log('error', 'a route table was changed or taken away by somebody else, it is written again', { project })
      await files.write(table)
      stamps.set(project, await files.stamp(project))
      tellAll({ type: 'table', project, revision: table.revision })
    }
    if (directory === '' || (await stampOfDirectory(files.folder)) !== undefined) return
    directory = ''
    await renewDirectory()
  }
  const mending = setInterval(() => {
    inTurn(mend).catch((error: unknown) => log('error', 'what is published could not be written again', { error }))
  }, options.mendEveryMs ?? MEND_EVERY_MS).unref()

  return {
    publish: (table: RouteTable) =>
      inTurn(async () => {
        await files.write(table)
        stamps.set(table.project, await files.stamp(table.project))
        tables.set(table.project, table)
        tellAll({ type: 'table', project: table.project, revision: table.revision })
        await renewDirectory()
      }),
    published: readOrNone,
    projects: () => files.projects(),
    retract: (project) =>
      inTurn(async () => {
        await files.remove(project)
        tables.delete(project)
        rollouts.delete(project)
        tellAll({ type: 'table', project, revision: 0 })
        await renewDirectory()
      }),
    runners: (project) =>
      [...(heard.get(project)?.values() ?? [])].map(({ status, heardAtMs, socket }): HeardRunner => ({
        status,
        heardAtMs,
        isConnected: socket !== undefined,
      })),
    sizeOf,
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    tellRollouts(project, states) {
      const message: ToDataPlane = { type: 'rollouts', project, rollouts: states }
      const text = JSON.stringify(message)
      if (rollouts.get(project)?.text === text) return
      rollouts.set(project, { message, text })
      tellAll(message)
    },
    async listening() {
      for (const project of await files.projects()) {
        const table = await readOrNone(project)
        if (table === undefined) continue
        stamps.set(project, await files.stamp(project))
        tables.set(project, table)
      }
      await adoptDirectory()
      await rm(path, { force: true }) // of a control that has ended
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(path, resolve)
      })
      server.on('error', (error) => log('error', 'socket for runners', { error }))
      await chmod(path, 0o600)
    },
    async close() {
      clearInterval(sharing)
      clearInterval(mending)
      await turn
      for (const socket of connections) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

interface Heard {
  readonly status: RunnerStatus
  readonly heardAtMs: number
  socket: Socket | undefined
  /** What its callers asked for of late: shares of quotas are made by it. */
  demand: Demand
}
