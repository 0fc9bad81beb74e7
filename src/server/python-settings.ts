import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { PythonInterpreter, PythonSettings } from '../engines/python/settings.ts'
import { findNetworkIsolation } from './without-network.ts'

/** What the operator says of code in Python. */
export interface PythonWishes {
  /** Interpreter that has what the code needs; when absent, one is found, and environments are built with it. */
  readonly python: string | undefined
  readonly workers: number
  readonly memoryMiB: number
  readonly startTimeoutMs: number
  readonly runTimeoutMs: number
}

/** Oldest Python that the runner runs on. */
const OLDEST = [3, 8] as const

/** What an interpreter tells of itself. */
const QUESTION = `import json, sys, sysconfig
print(json.dumps([sys.executable, list(sys.version_info[:3]), "%s-%d%d-%s" % (sys.implementation.name, *sys.version_info[:2], sysconfig.get_platform())]))`

/** Variables that change where libraries are found and which devices are used; no others reach the code. */
const HANDED_ON = ['LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES', 'NVIDIA_VISIBLE_DEVICES']

/**
 * How code in Python is run on this machine.
 * @param dataFolder where environments are kept
 * @throws {ServingError} `unsupported` on Windows and for an old Python; `not_found` where there is none
 */
export async function findPython(wishes: PythonWishes, dataFolder: string): Promise<PythonSettings> {
  if (process.platform === 'win32')
    throw new ServingError('unsupported', 'code in Python is run on Linux and macOS; this is Windows')
  const { python, workers, memoryMiB, startTimeoutMs, runTimeoutMs } = wishes
  const interpreter = await askInterpreter(python ?? (await findInPath()))
  const variables = HANDED_ON.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    interpreter,
    environments: python === undefined ? join(resolve(dataFolder), 'python') : undefined,
    temporary: tmpdir(),
    workers,
    memoryMiB,
    startTimeoutMs,
    runTimeoutMs,
    isolate: await findNetworkIsolation(),
    threads: Math.max(1, Math.floor(availableParallelism() / workers)),
    variables: Object.fromEntries(variables),
  }
}

async function findInPath(): Promise<string> {
  for (const name of ['python3', 'python'])
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name)
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (folder !== '' && isThere) return path
    }
  throw new ServingError('not_found', 'there is no python3 on the PATH: install Python, or name one with --python')
}

/** @throws {ServingError} */
async function askInterpreter(path: string): Promise<PythonInterpreter> {
  const answer = await ask(path)
  let told: unknown
  try {
    told = JSON.parse(answer.text)
  } catch (cause) {
    throw new ServingError(
      'not_found',
      `${quote(path)} is no Python that runs (${answer.how}): name another with --python`,
      {
        cause,
      },
    )
  }
  // as it was named: what a link leads to is another environment than the link's own
  const [, version, platform] = told as [string, [number, number, number], string]
  if (version[0] !== OLDEST[0] || version[1] < OLDEST[1])
    throw new ServingError(
      'unsupported',
      `${quote(path)} is Python ${version.join('.')}; ${OLDEST.join('.')} and later are taken: name another with --python`,
    )
  return { executable: resolve(path), version: version.join('.'), platform }
}

function ask(path: string): Promise<{ text: string; how: string }> {
  return new Promise((done) => {
    const child = spawn(resolve(path), ['-I', '-c', QUESTION], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, 4096)))
    child.on('error', (error: NodeJS.ErrnoException) => done({ text: '', how: error.code ?? 'it cannot be started' }))
    child.on('close', (code, signal) => done({ text, how: signal ?? `exit code ${code}` }))
  })
}
