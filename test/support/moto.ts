import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { binFolder, quietEnvironment } from './python.ts'

/** A server that speaks as S3 does, with one bucket in it. */
export interface Moto {
  readonly endpoint: string
  readonly bucket: string
  end(): Promise<void>
}

/** Starts moto's server, on loopback, at a free port. */
export async function startMoto(bucket = 'slipway-test'): Promise<Moto> {
  const child = spawn(join(binFolder('moto'), 'moto_server'), ['-H', '127.0.0.1', '-p', '0'], {
    env: quietEnvironment('moto'),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const endpoint = await new Promise<string>((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4096)
        const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
        if (found !== undefined) resolve(found)
      })
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`moto did not start: ${said}`)))
  })
  const made = await fetch(`${endpoint}/${bucket}`, { method: 'PUT' })
  if (!made.ok) throw new Error(`moto makes no bucket: ${await made.text()}`)
  return {
    endpoint,
    bucket,
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
