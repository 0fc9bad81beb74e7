import { renameSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { openBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { enginesNamed } from '../engines/index.ts'
import { replayGolden } from '../engines/golden.ts'
import type { OnOutput } from '../engines/processes/events.ts'
import { withLoadTail } from '../engines/processes/load-tail.ts'
import { loadProgram, type LoadedProgram } from '../engines/program.ts'
import { createRunQueue, serveFrames, type FrameServer } from '../runtime/remote/index.ts'
import type { Signature } from '../tensor/signature.ts'
import { log } from './log.ts'
import { moreEngines } from './code-engines.ts'
import { leaveSocketFolder } from './socket-folder.ts'
import { validateBundle } from './validate-bundle.ts'
import { WORKER_ALIVE_INTERVAL_MS, type FromWorker, type ToWorker, type WorkerSettings } from './worker-messages.ts'

/** Most clients that a worker has: the runners of one machine. */
const MAX_CONNECTIONS = 256

/**
 * The isolated worker: told its settings over the channel to the supervisor, it loads one bundle and answers runs on its
 * socket, until told to stop or until the supervisor is gone.
 */
export function runWorker(): void {
  let frames: FrameServer | undefined
  let timeoutMs = 0
  let socket: string | undefined
  let hasFailed = false
  let hasStarted = false
  let isEnding = false

  process.umask(0o177) // its socket is for its own user
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') void end()
    else if (!hasStarted) {
      hasStarted = true
      ;({ timeoutMs, socket } = message.settings)
      void start(message.settings)
    }
  })
  process.on('disconnect', () => void end(!hasFailed)) // the supervisor is gone: finish what runs, and go
  process.on('SIGINT', () => {}) // a terminal sends it to the whole group; the supervisor says when to stop
  process.on('SIGTERM', () => void end())
  process.on('SIGHUP', () => {}).on('SIGUSR2', () => {}) // meant for the supervisor

  async function start(settings: WorkerSettings): Promise<void> {
    setInterval(
      () => tell({ type: 'alive', rssMiB: process.memoryUsage.rss() / 2 ** 20 }),
      WORKER_ALIVE_INTERVAL_MS,
    ).unref()
    try {
      const { program, signature } = await load(settings)
      const server = createServer()
      server.maxConnections = MAX_CONNECTIONS
      frames = serveFrames(server, queueOf(program, signature, settings), {
        onFailure: (error) => log('error', 'a run failed', { model: settings.name, error }),
        onDamage: (error) => log('error', 'a connection was ended', { model: settings.name, error }),
      })
      await listenAt(server, settings.socket)
      server.on('error', (error) => log('error', 'listening socket', { error }))
      tell({ type: 'ready', engines: program.engines })
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') log('error', 'the worker could not start', { model: settings.name, error })
      tell({ type: 'failed', code: error.code, message: error.message, details: error.details })
      process.exitCode = 1
      hasFailed = true
      process.disconnect?.()
    }
  }

  async function end(isOrphan = false): Promise<void> {
    if (isEnding) return
    isEnding = true
    await frames?.drain(timeoutMs)
    if (isOrphan && socket !== undefined) await leaveSocketFolder(dirname(socket))
    process.exit()
  }
}

async function load(settings: WorkerSettings): Promise<{ program: LoadedProgram; signature: Signature }> {
  const { folder, digest, engines, python, typescript } = settings
  const { manifest, files } = validateBundle(await openBundle(folder, digest))
  const tellOutput: OnOutput = (file, text, from) => tell({ type: 'printed', file, text, from })
  const program = await withLoadTail(settings.tellsOutput === true ? tellOutput : undefined, async (onOutput) => {
    const loaded = await loadProgram(
      manifest.program,
      enginesNamed(engines, moreEngines({ python, typescript })),
      (path) => {
        const bytes = files.get(path)
        if (bytes !== undefined) return bytes
        throw new Error(`the program names a file that its validation did not see; this is a bug`)
      },
      { onOutput },
    )
    await replayGolden(loaded, manifest.golden)
    return loaded
  })
  return { program, signature: manifest.signature }
}

function queueOf(program: LoadedProgram, signature: Signature, { choices }: WorkerSettings) {
  const isOffLoop = choices?.plan.value === 'off-loop' && program.canRunOffLoop
  return createRunQueue({
    program,
    place: isOffLoop ? 'off-loop' : 'in-tick',
    concurrency: isOffLoop ? (program.processes ?? choices.concurrency.value) : 1,
    outputs: signature.outputs.map(({ name }) => name),
    now: () => performance.now(),
  })
}

/**
 * Listens beside the path, and moves the socket there in one step: a path that an earlier process left is taken over, and
 * that process, when it ends later, does not remove ours.
 */
async function listenAt(server: Server, path: string): Promise<void> {
  const own = `${path}.${process.pid}`
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: own, backlog: MAX_CONNECTIONS }, resolve)
  })
  renameSync(own, path)
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message) // without a supervisor nobody listens, and sending would end the process
}
