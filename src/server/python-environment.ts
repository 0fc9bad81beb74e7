import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { environmentFolder, namesPackages, pythonOf } from '../engines/python/environment.ts'
import type { PythonSettings } from '../engines/python/settings.ts'

/** A file of requirements is some lines; more is none. */
const MAX_REQUIREMENTS_BYTES = 1024 * 1024

/** Options of pip that may stand in it: where packages are looked for, never what is run. */
const OPTION = /^--(index-url|extra-index-url|pre|prefer-binary|no-index)\b|^--only-binary[\s=]+:all:$|^-i\s/

export interface BuildOptions {
  readonly signal: AbortSignal
  readonly onProgress?: ((text: string) => void) | undefined
}

/**
 * Sees to it that the environment for some requirements is there: built once for each text, interpreter and platform, beside
 * its place and then moved there, by uv where it is installed, else by pip. Only wheels are installed, of which nothing is
 * run: building others would run their code, with the rights of whoever starts the server.
 * @param requirements text of `requirements.txt`; nothing is built for none, nor where the operator named an interpreter
 * @throws {ServingError} `unsupported` for lines that would run code; `unavailable` when the packages cannot be had
 */
export async function ensureEnvironment(
  { interpreter, environments }: PythonSettings,
  requirements: Uint8Array | undefined,
  { signal, onProgress }: BuildOptions,
): Promise<void> {
  if (environments === undefined || requirements === undefined || !namesPackages(requirements)) return
  checkRequirements(requirements)
  const folder = environmentFolder(environments, interpreter, requirements)
  if (await isThere(pythonOf(folder))) return
  await mkdir(environments, { recursive: true })
  const partial = await mkdtemp(join(environments, '.partial-'))
  try {
    onProgress?.(`making an environment of Python ${interpreter.version} with the packages of requirements.txt`)
    const file = join(partial, 'requirements.txt')
    await writeFile(file, requirements)
    const uv = await findInPath('uv')
    const env = join(partial, 'env')
    const [maker, how] =
      uv === undefined
        ? [interpreter.executable, ['-I', '-m', 'venv']]
        : [uv, ['venv', '--no-config', '--python', interpreter.executable]]
    await run(maker, [...how, env], signal, 'the environment could not be made')
    const python = pythonOf(env)
    const [program, args] =
      uv === undefined
        ? [python, ['-I', '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check']]
        : [uv, ['pip', 'install', '--python', python]]
    const wheels = uv === undefined ? ['--only-binary', ':all:'] : ['--only-binary', ':all:', '--no-config']
    await run(program, [...args, ...wheels, '-r', file], signal, NOT_HAD, onProgress)
    await rename(env, folder).catch(async (error: unknown) => {
      if (!(await isThere(pythonOf(folder)))) throw error // somebody else was quicker
    })
    onProgress?.('the environment is ready')
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

const NOT_HAD =
  'the packages of requirements.txt could not be installed: where no index can be reached, or a package has no wheel, make an environment that has them and name its Python with --python'

/** @throws {ServingError} `unsupported` naming the first line that would run code, or that leads elsewhere */
export function checkRequirements(requirements: Uint8Array): void {
  if (requirements.byteLength > MAX_REQUIREMENTS_BYTES)
    throw new ServingError(
      'too_large',
      `requirements.txt has ${formatBytes(requirements.byteLength)}; the most is 1 MiB`,
    )
  const text = Buffer.from(requirements)
    .toString('utf8')
    .replaceAll(/\\\r?\n/g, ' ')
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim()
    if (line === '' || OPTION.test(line)) continue
    if (/^[A-Za-z0-9]/.test(line) && !/@|:\/\//.test(line) && !/^[^\s;=<>!~]*[/\\]/.test(line)) continue
    throw new ServingError(
      'unsupported',
      `line ${i + 1} of requirements.txt is ${quote(line)}; it takes names of packages with their versions, and no paths, addresses or other files: make an environment yourself and name its Python with --python`,
    )
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function findInPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    if (folder !== '' && (await isThere(join(folder, name)))) return join(folder, name)
  return undefined
}

/** Longest that an installation may take (ms). */
const INSTALL_TIMEOUT_MS = 30 * 60_000

/** Runs a program to its end, with our own environment: what leads to the index stands there. */
function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  failure: string,
  onProgress?: (text: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_TIMEOUT_MS })
    const abort = () => child.kill('SIGTERM')
    signal.addEventListener('abort', abort, { once: true })
    let last = ''
    let words = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-8192)
        for (const line of text.split('\n')) {
          const name = /^(?:Collecting|Downloading|Installing collected packages:|Prepared|Installed)\s+(\S+)/.exec(
            line,
          )
          if (name !== null) onProgress?.(line.trim().slice(0, 100))
        }
      })
    child.on('error', (cause) => reject(new ServingError('unavailable', `${failure} (${cause.message})`, { cause })))
    child.on('close', (code) => {
      signal.removeEventListener('abort', abort)
      if (code === 0) return resolve()
      if (signal.aborted) return reject(new ServingError('cancelled', 'interrupted'))
      last = lastWords(words)
      reject(
        new ServingError('unavailable', `${failure}${last === '' ? '' : ` (${last})`}`, { cause: new Error(words) }),
      )
    })
  })
}

/** The line that says most: an error of pip or uv, else the last. */
function lastWords(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const line = lines.findLast((each) => /^(ERROR|error|×|╰)/i.test(each)) ?? lines.at(-1) ?? ''
  return line.replace(/^[×╰─▶\s]+/u, '').slice(0, 300)
}
