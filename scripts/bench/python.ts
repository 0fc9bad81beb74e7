import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createProgress } from '../../src/cli/progress.ts'
import { ServingError } from '../../src/core/errors.ts'

/** A Python with packages of its own. */
export interface Environment {
  readonly name: string
  /** The packages, pinned. */
  readonly requirements: string
}

/** What every Python of the bench is told: no telemetry, no files beside the sources. */
export const QUIET_PYTHON: Readonly<Record<string, string>> = {
  ORT_DISABLE_TELEMETRY: '1',
  DO_NOT_TRACK: '1',
  PYTHONDONTWRITEBYTECODE: '1',
}

/**
 * Python with the packages of an environment, under `folder`; made again when the requirements or the Python have
 * changed.
 * @returns path of its interpreter
 * @throws {ServingError} `unavailable` when there is no python3 or pip cannot install
 */
export async function setUpPython(
  { name, requirements }: Environment,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const version = spawnSync('python3', ['--version'], { encoding: 'utf8' }).stdout?.trim()
  if (!version)
    throw new ServingError(
      'unavailable',
      'there is no python3 for the peers: install it, `apt-get install python3 python3-venv` on Debian',
    )
  const venv = join(folder, 'venvs', name)
  const python = join(venv, 'bin', 'python')
  const text = readFileSync(requirements, 'utf8')
  const isMade = isFresh(venv, [version, text]) && existsSync(python)
  if (isMade) return python

  rmSync(venv, { recursive: true, force: true })
  const packages = text.split('\n').filter((line) => /^[a-z]/i.test(line)).length
  const progress = createProgress(`packages of ${name}`, process.stderr, () => performance.now())
  let found = 0
  progress.update(0, `making a Python environment in ${venv}`)
  mkdirSync(dirname(venv), { recursive: true })
  await runCommand('python3', ['-m', 'venv', venv], { signal })
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps', '-r', requirements]
  await runCommand(python, pip, {
    signal,
    onLine: (line) => {
      const collected = /^Collecting (\S+)/.exec(line)?.[1]
      if (collected !== undefined) progress.update(++found / packages, `installing ${collected}`)
      else if (line.startsWith('Installing')) progress.update(1, 'unpacking')
    },
  })
  stamp(venv, [version, text])
  progress.finish(`${packages} packages installed`)
  return python
}

/** Whether what is in a folder was made from these texts. */
export function isFresh(folder: string, sources: readonly string[]): boolean {
  const path = join(folder, STAMP)
  return existsSync(path) && readFileSync(path, 'utf8') === digest(sources)
}

/** Says from what a folder was made. */
export function stamp(folder: string, sources: readonly string[]): void {
  writeFileSync(join(folder, STAMP), digest(sources))
}

const STAMP = 'slipway-stamp'

function digest(sources: readonly string[]): string {
  return createHash('sha256').update(sources.join('\n')).digest('hex')
}

/** Versions of packages in an environment, by name; those that are not there are left out. */
export function packageVersions(python: string, packages: readonly string[]): Record<string, string> {
  const code =
    'import importlib.metadata as m, json, platform, sys\n' +
    'print(json.dumps({"Python": platform.python_version(), **{p: m.version(p) for p in sys.argv[1:]}}))'
  const { stdout } = spawnSync(python, ['-c', code, ...packages], { encoding: 'utf8' })
  try {
    return JSON.parse(stdout) as Record<string, string>
  } catch {
    return {}
  }
}

/**
 * Runs a command to its end, telling each line of its stdout.
 * @throws {ServingError} `unavailable` with its complaint when it fails
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    readonly signal: AbortSignal
    readonly env?: Readonly<Record<string, string>>
    readonly onLine?: (line: string) => void
  },
): Promise<void> {
  const env = { ...process.env, ...options.env }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal: options.signal, env })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-4000)))
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    if (/error|No module|ensurepip/i.test(line)) complaint += `${line}\n`
    options.onLine?.(line)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else
        reject(new ServingError('unavailable', `${command} ${args.slice(0, 3).join(' ')} failed: ${complaint.trim()}`))
    })
  })
}
