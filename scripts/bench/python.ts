import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ServingError } from '../../src/core/errors.ts'
import { createProgress } from '../../src/cli/progress.ts'

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')

/**
 * Python with the packages of `requirements.txt`, in its own environment under `folder`; made again when the
 * requirements or the Python have changed.
 * @returns path of its interpreter
 * @throws {ServingError} `unavailable` when there is no python3 or pip cannot install
 */
export async function setUpPython(folder: string, signal: AbortSignal): Promise<string> {
  const version = spawnSync('python3', ['--version'], { encoding: 'utf8' }).stdout?.trim()
  if (!version)
    throw new ServingError(
      'unavailable',
      'there is no python3 for the FastAPI peer: install it, `apt-get install python3 python3-venv` on Debian',
    )
  const venv = join(folder, 'venv')
  const python = join(venv, 'bin', 'python')
  const stamp = join(venv, 'slipway-stamp')
  const requirements = readFileSync(REQUIREMENTS, 'utf8')
  const wanted = createHash('sha256').update(`${version}\n${requirements}`).digest('hex')
  if (existsSync(stamp) && existsSync(python) && readFileSync(stamp, 'utf8') === wanted) return python

  rmSync(venv, { recursive: true, force: true })
  const packages = requirements.split('\n').filter((line) => /^[a-z]/i.test(line)).length
  const progress = createProgress('peers', process.stderr, () => performance.now())
  let found = 0
  progress.update(0, `making a Python environment in ${venv}`)
  await run('python3', ['-m', 'venv', venv], signal, () => {})
  await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '-r', REQUIREMENTS], signal, (line) => {
    const name = /^Collecting (\S+)/.exec(line)?.[1]
    if (name !== undefined) progress.update(++found / packages, `installing ${name}`)
    else if (line.startsWith('Installing')) progress.update(1, 'unpacking')
  })
  writeFileSync(stamp, wanted)
  progress.finish(`${packages} packages installed`)
  return python
}

/** Runs a command to its end, telling each line of its stdout. */
function run(command: string, args: string[], signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    if (/error|No module|ensurepip/i.test(line)) complaint += `${line}\n`
    onLine(line)
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
