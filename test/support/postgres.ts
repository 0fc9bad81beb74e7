import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where Debian has them: not on the path. */
const BINARIES = ['/usr/lib/postgresql/17/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/15/bin']

/** A PostgreSQL of the test's own: on a Unix socket alone, its data in a temporary folder. */
export interface Postgres {
  readonly url: string
  /** Its socket is `.s.PGSQL.5432` in there. */
  readonly folder: string
  /** Of the first of its processes. */
  readonly pid: () => number
  /** Ends all of its processes at once, as the loss of power does to them. */
  kill(): Promise<void>
  /** Starts it again on the same data. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Folder of `initdb` and `postgres`; undefined where this machine has none. */
export function findPostgres(): string | undefined {
  const folders = [...BINARIES, ...(process.env.PATH ?? '').split(delimiter)]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/**
 * Makes and starts a database server. It ends with the test's process at the latest.
 * PostgreSQL refuses to run as root: as root it is given to `postgres`, or else `nobody`.
 */
export async function startPostgres(): Promise<Postgres> {
  const binaries = findPostgres()
  if (binaries === undefined) throw new Error('there is no PostgreSQL on this machine')
  const folder = await mkdtemp(join(tmpdir(), 'slipway-pg-'))
  const user = process.getuid?.() === 0 ? await otherUser() : undefined
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  await chmod(folder, 0o700)
  const data = join(folder, 'data')
  await run(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'slipway', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8', '--no-instructions'],
    { ...user, cwd: folder, env: {} },
  )
  let server: ChildProcess | undefined

  /** After a kill its children take a moment to notice, and as long a new server does not start. */
  async function start(): Promise<void> {
    for (let i = 0; ; i++)
      try {
        return await startOnce()
      } catch (error) {
        if (i === 20) throw error
        await setTimeout(250)
      }
  }

  async function startOnce(): Promise<void> {
    const settings = ['-c', 'listen_addresses=', '-c', 'shared_buffers=16MB', '-c', 'max_connections=60']
    const command = ['-D', data, '-k', folder, ...settings]
    // where there is setpriv, the kernel ends the server when we end, however that is
    const wrapper = existsSync('/usr/bin/setpriv') && user !== undefined
    const child = wrapper
      ? spawn(
          '/usr/bin/setpriv',
          [
            `--reuid=${user.uid}`,
            `--regid=${user.gid}`,
            '--clear-groups',
            '--pdeathsig=INT',
            join(binaries ?? '', 'postgres'),
            ...command,
          ],
          { cwd: folder, env: {}, stdio: ['ignore', 'ignore', 'pipe'] },
        )
      : spawn(join(binaries ?? '', 'postgres'), command, {
          ...user,
          cwd: folder,
          env: {},
          stdio: ['ignore', 'ignore', 'pipe'],
        })
    server = child
    let log = ''
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000)
      if (text.includes('ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`postgres ended: ${log}`)))
    await promise
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const hasEnded = once(server, 'exit')
    server.kill(signal)
    await hasEnded
  }

  await startOnce()
  return {
    folder,
    url: `postgres://slipway@localhost/postgres?host=${encodeURIComponent(folder)}`,
    pid: () => server?.pid ?? 0,
    start,
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function otherUser(): Promise<{ readonly uid: number; readonly gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const found = ['postgres', 'nobody'].map((name) => lines.find((line) => line[0] === name)).find((line) => line)
  if (found === undefined) throw new Error('PostgreSQL refuses to run as root, and there is no user to give it to')
  return { uid: Number(found[2]), gid: Number(found[3]) }
}
