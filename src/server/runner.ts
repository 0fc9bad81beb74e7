import { ServingError } from '../core/errors.ts'
import { enginesNamed } from '../engines/index.ts'
import { createHttpHost, type HttpHost } from '../hosts/http/http-host.ts'
import type { LocalPlane } from '../runtime/local-plane.ts'
import { createHandle, startDataPlane } from './data-plane.ts'
import { log } from './log.ts'
import { ALIVE_INTERVAL_MS, LISTENING_FD, type FromRunner, type RunnerSettings, type ToRunner } from './settings.ts'

/**
 * The process that answers requests: told its settings over the channel to the supervisor, it loads the models, takes
 * over the listening socket that it inherited, and serves until told to drain or until the supervisor is gone.
 */
export function runRunner(): void {
  let plane: LocalPlane | undefined
  let host: HttpHost | undefined
  let isDraining = false

  process.on('message', (message: ToRunner) => {
    if (message.type === 'prepare') prepare(message.engines)
    else if (message.type === 'start') void start(message.settings)
    else void drain()
  })
  process.on('disconnect', () => void drain()) // the supervisor is gone: finish what runs, and go
  process.on('SIGINT', () => {}) // a terminal sends it to the whole group; the supervisor says when to drain
  process.on('SIGTERM', () => void drain())

  function prepare(engines: readonly string[]): void {
    try {
      for (const engine of enginesNamed(engines)) engine.prepare?.()
    } catch {
      // the start, which needs them, will say what is wrong
    }
  }

  async function start(settings: RunnerSettings): Promise<void> {
    setInterval(() => tell({ type: 'alive' }), ALIVE_INTERVAL_MS).unref()
    try {
      plane = await startDataPlane(settings)
      host = createHttpHost({
        handle: createHandle(),
        plane,
        ...settings.http,
        onDefect: (error) => log('error', 'an answer could not be sent', { error }),
      })
      const { server } = host
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ fd: LISTENING_FD, backlog: 1024 }, resolve)
      })
      server.on('error', (error) => log('error', 'listening socket', { error }))
      const models = plane.models().map(({ name, version, engines }) => ({ name, version, engines }))
      tell({ type: 'ready', models })
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') log('error', 'the runner could not start', { error })
      tell({ type: 'failed', code: error.code, message: error.message, details: error.details })
      process.exitCode = 1
      process.disconnect?.()
    }
  }

  async function drain(): Promise<void> {
    if (isDraining) return
    isDraining = true
    plane?.setReady(false)
    await host?.drain()
    process.exit()
  }
}

function tell(message: FromRunner): void {
  process.send?.(message)
}
