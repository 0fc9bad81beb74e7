import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import type { AppFiles } from '../packaging/contents.ts'
import { VERSION } from '../server/version.ts'
import type { CommandContext } from './command.ts'

/** What the bundled program is made from, besides `src`: a change of any of these makes it stale. */
const BUILD_INPUTS = ['package.json', 'package-lock.json', 'scripts/build.mjs', 'scripts/parts.mjs']

/** The part that a platform's control process is: an image serves one model. */
const NOT_IN_IMAGES = 'controlling.js'

/**
 * The bundled program, as an image holds it. A published Slipway is that program itself; in a source checkout it is built
 * first when it is missing or older than the sources.
 * @throws {ServingError} `internal` when the build fails; its words stand on stderr
 */
export async function publishedFiles(context: CommandContext): Promise<AppFiles> {
  const isSource = import.meta.filename.endsWith('.ts')
  const root = isSource ? join(import.meta.dirname, '../..') : dirname(import.meta.dirname)
  const folder = isSource ? join(root, 'dist') : import.meta.dirname
  const program = join(folder, 'slipway.js')
  if (isSource && (await isStale(program, root))) await build(root, context)
  const licences = [join(root, 'LICENSE'), join(folder, 'THIRD-PARTY-LICENSES.md')]
  const runner = join(folder, 'runner')
  const beside = [basename(program), NOT_IN_IMAGES]
  const parts = (await readdir(folder)).filter((name) => name.endsWith('.js') && !beside.includes(name))
  return {
    program,
    parts: parts.toSorted().map((name) => join(folder, name)),
    licences: licences.filter((path) => existsSync(path)),
    version: VERSION,
    runner: existsSync(runner) ? runner : undefined,
  }
}

async function isStale(program: string, root: string): Promise<boolean> {
  const built = await stat(program).catch(() => undefined)
  if (built === undefined) return true
  const sources = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true })
  const files = sources
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of [...files, ...BUILD_INPUTS.map((input) => join(root, input))])
    if ((await stat(file)).mtimeMs > built.mtimeMs) return true
  return false
}

async function build(root: string, { stderr, signal }: CommandContext): Promise<void> {
  stderr.write('building the program from its sources …\n')
  const child = spawn(process.execPath, [join(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  })
  child.stderr.on('data', (text: Buffer) => stderr.write(text.toString()))
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0)
    throw new ServingError('internal', `the program could not be built from its sources: the build ended with ${code}`)
}
