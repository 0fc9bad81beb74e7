import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { chooseWheels, missingWheels } from './choose.ts'
import type { Choice } from './choose.ts'
import type { Requirements } from './requirements.ts'
import { abiOf, platformsOf } from './tags.ts'
import type { TargetPython } from './tags.ts'
import { meets } from './versions.ts'

export interface DownloadOptions {
  readonly requirements: Requirements
  readonly target: TargetPython
  readonly installed: ReadonlyMap<string, string>
  /** Folder that keeps what was downloaded. */
  readonly cache: string
  /** Finds a Python of this machine that has pip. */
  readonly findPython: () => Promise<string>
  /** Our environment, as pip's settings stand there. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly onProgress?: ((text: string) => void) | undefined
}

/** Packages that only another system's conditions had hidden need others in turn; more rounds than this bring no end. */
const MAX_ROUNDS = 16
const TIMEOUT_MS = 60 * 60_000

/**
 * The wheels that some requirements need in a base image, from a package index by pip. Only wheels are downloaded, and
 * nothing of them is run. What was downloaded once for the same requirements and the same Python is taken again, so that
 * the image stays the same.
 * @throws {ServingError} `unavailable` when they cannot be had
 */
export async function downloadWheels(options: DownloadOptions): Promise<Choice> {
  const { requirements, target, installed, cache } = options
  const unmet = requirements.packages.filter(({ name, specifiers, sha256 }) => {
    const version = installed.get(name)
    return version === undefined || sha256.length > 0 || !meets(version, specifiers)
  })
  if (unmet.length === 0) return { wheels: [], missing: [] }
  const lines = unmet.map(({ text, marker, sha256 }) =>
    [text, ...(marker === '' ? [] : [`; ${marker}`]), ...sha256.map((digest) => `--hash=sha256:${digest}`)].join(' '),
  )
  const key = createHash('sha256')
    .update(JSON.stringify([lines, requirements.options, target]))
    .digest('hex')
  const folder = join(cache, key.slice(0, 40))
  const choose = (from: string) => chooseWheels(from, { requirements: requirements.packages, target, installed })
  const isKnown = await stat(folder).then(
    () => true,
    () => false,
  )
  if (isKnown) {
    const known = await choose(folder)
    if (known.missing.length === 0) return known
    await rm(folder, { recursive: true })
  }
  const partial = join(cache, `.${randomUUID()}`)
  await mkdir(partial, { recursive: true })
  try {
    await writeFile(join(partial, 'requirements.txt'), `${lines.join('\n')}\n`)
    const python = await options.findPython()
    await download(options, python, partial, ['-r', join(partial, 'requirements.txt')])
    let choice = await choose(partial)
    for (let round = 0; choice.missing.length > 0; round++) {
      // pip answers conditions for the Python that runs it: what is needed on the other one comes now
      if (round === MAX_ROUNDS) throw missingWheels(choice.missing, folder, pipLine(target, folder, lines))
      const texts = choice.missing.map(({ requirement }) => requirement.text)
      await download(options, python, partial, ['--no-deps', ...texts])
      choice = await choose(partial)
    }
    await rename(partial, folder)
    return await choose(folder)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** The newest platform that many wheels are made for. */
const COMMON_GLIBC = 28

/** The same for people: of all platforms, those that wheels are usually made for. */
export function pipLine(target: TargetPython, folder: string, texts: readonly string[]): string {
  const { version, glibc } = target
  const common = platformsOf({ ...target, glibc: [2, Math.min(glibc[1], COMMON_GLIBC)] })
  const platforms = [common[0], common.find((name) => name.startsWith('manylinux2014'))]
  return [
    `pip download --only-binary :all: --python-version ${version.join('.')}`,
    ...platforms.flatMap((name) => (name === undefined ? [] : [`--platform ${name}`])),
    `--dest ${folder}`,
    ...texts.map((text) => `'${text}'`),
  ].join(' ')
}

/** What pip is told of the Python that wheels are for. */
function pipTarget(target: TargetPython): string[] {
  const words = ['--only-binary', ':all:', '--implementation', 'cp', '--python-version', target.fullVersion]
  const abis = [abiOf(target), ...(target.isFreeThreaded ? [] : ['abi3']), 'none']
  for (const abi of abis) words.push('--abi', abi)
  for (const platform of platformsOf(target)) words.push('--platform', platform)
  return words
}

function download(options: DownloadOptions, python: string, folder: string, what: readonly string[]): Promise<void> {
  const { requirements, target, env, signal, onProgress } = options
  const words = ['-I', '-m', 'pip', 'download', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off']
  const args = [...words, '--dest', folder, ...requirements.options, ...pipTarget(target), ...what]
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, env: { ...env } })
    const abort = () => child.kill('SIGTERM')
    signal.addEventListener('abort', abort, { once: true })
    let words = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-8192)
        for (const line of text.split('\n')) {
          const [, name, size = ''] = /^\s*Downloading (?:\S*\/)?([^\s/]+\.whl)(?: (\(.*\)))?/.exec(line) ?? []
          if (name !== undefined) onProgress?.(`downloading ${name} ${size}`.trim())
        }
      })
    child.on('error', (cause) => reject(new ServingError('unavailable', `${NOT_HAD} (${cause.message})`, { cause })))
    child.on('close', (code) => {
      signal.removeEventListener('abort', abort)
      if (code === 0) return resolve()
      if (signal.aborted) return reject(new ServingError('cancelled', 'interrupted'))
      reject(new ServingError('unavailable', `${NOT_HAD} (${lastWords(words)})`, { cause: new Error(words) }))
    })
  })
}

const NOT_HAD =
  'the packages of requirements.txt could not be downloaded as wheels: where no index can be reached, or a package has no wheel, give a folder of wheels by --wheels'

/** The line that says most: pip's own error, else the last. */
function lastWords(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return (lines.findLast((line) => line.startsWith('ERROR: ')) ?? lines.at(-1) ?? 'pip said nothing').slice(0, 300)
}
