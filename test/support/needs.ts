import { accessSync, appendFileSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasEnvironment } from './python.ts'

/** Where tools lie that are not on PATH: the environment that the set-up makes of `test/requirements.txt`. */
const OWN_FOLDERS = [join(import.meta.dirname, '../../.venv/bin')]

/** Path of a program, by the variable `SLIPWAY_<TOOL>`, our own environment or PATH; undefined when it is not here. */
export function findTool(tool: string): string | undefined {
  const named = process.env[`SLIPWAY_${tool.toUpperCase().replaceAll('-', '_')}`]
  if (named !== undefined && named !== '') return named
  for (const folder of [...OWN_FOLDERS, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const path = join(folder, tool)
    if (!existsSync(path)) continue
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // there, but not to be run by us
    }
  }
  return undefined
}

const ENVIRONMENT = 'python environment '

/**
 * Whether this machine has all of these programs, for `describe.skipIf(!needs(…))`. What is missing is written down, so
 * that the run can say why tests were skipped; where nothing may be skipped (`SLIPWAY_NO_SKIP=1`) it throws.
 * Besides programs: `linux`, `root` for what only root may do, and `python environment NAME` for what the set-up makes of
 * `test/requirements-NAME.txt`.
 */
export function needs(...tools: string[]): boolean {
  const missing = tools.filter((tool) => !isHere(tool))
  if (missing.length === 0) return true
  const reason = `needs ${missing.join(', ')}`
  if (process.env.SLIPWAY_NO_SKIP === '1') throw new Error(`${reason}, and nothing may be skipped here`)
  if (process.env.SLIPWAY_SKIPS_FILE)
    appendFileSync(process.env.SLIPWAY_SKIPS_FILE, `tests that need ${missing.join(', ')}: not on this machine\n`)
  return false
}

function isHere(tool: string): boolean {
  if (tool === 'linux') return process.platform === 'linux'
  if (tool === 'root') return process.getuid?.() === 0
  if (tool.startsWith(ENVIRONMENT)) return hasEnvironment(tool.slice(ENVIRONMENT.length))
  return findTool(tool) !== undefined
}
