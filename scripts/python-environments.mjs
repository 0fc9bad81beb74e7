// Makes the Python environments in which tests run other people's clients: test/requirements-NAME.txt becomes .venv-NAME,
// test/requirements.txt becomes .venv; once, and again when the file changes.
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './setup.mjs'

/** Copy of the requirements that an environment was made from: there once it is whole. */
const STAMP = 'installed.txt'

/** pip gives up early where no index can be reached: whoever works there waits for every `npm test`. */
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-compile']
const PATIENCE = ['--retries', '2', '--timeout', '20']

/** Fetches what pip fetches, many at a time. */
const UV = 'uv==0.13.8'

/**
 * Makes what is stale; a machine without Python or a package index is told, and its tests then skip by name.
 * @param folder where the files of requirements lie
 * @param target where the environments come to lie
 * @param python what makes an environment
 */
export async function makePythonEnvironments({
  folder = join(root, 'test'),
  target = root,
  python = process.env.SLIPWAY_PYTHON3 ?? 'python3',
} = {}) {
  if (process.platform === 'win32') return
  const stale = readdirSync(folder)
    .map((file) => ({ requirements: join(folder, file), name: /^requirements(-\w+)?\.txt$/.exec(file) }))
    .filter(({ name }) => name !== null)
    .map(({ requirements, name }) => ({ requirements, environment: join(target, `.venv${name[1] ?? ''}`) }))
    .filter(({ requirements, environment }) => !isFresh(requirements, environment))
  await Promise.all(stale.map((one) => make({ ...one, python })))
}

function isFresh(requirements, environment) {
  const stamp = join(environment, STAMP)
  return existsSync(stamp) && readFileSync(stamp).equals(readFileSync(requirements))
}

async function make({ requirements, environment, python }) {
  const name = basename(environment)
  const started = Date.now()
  process.stderr.write(`making ${name} with the packages that ${basename(requirements)} names\n`)
  try {
    await run(python, ['-m', 'venv', '--clear', environment])
    await install(join(environment, 'bin/python'), requirements)
    copyFileSync(requirements, join(environment, STAMP))
    process.stderr.write(`${name} made in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
  } catch (error) {
    rmSync(environment, { recursive: true, force: true })
    process.stderr.write(`${name} could not be made, so the tests that use it are skipped: ${error.message}\n`)
  }
}

/** By uv, in seconds; by pip, in minutes, where only pip knows how to reach the index. */
async function install(python, requirements) {
  await run(python, [...PIP, ...PATIENCE, UV])
  try {
    await run(python, ['-m', 'uv', 'pip', 'install', '--quiet', '--python', python, '-r', requirements])
  } catch {
    await run(python, [...PIP, ...PATIENCE, '-r', requirements])
  }
}

/** Runs a program to its end; what it wrote is said only when it failed. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(text.trim().slice(-1000) || `exit code ${code}`)),
    )
  })
}
