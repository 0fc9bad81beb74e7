import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem, type } from 'node:os'
import { VERSION } from '../../src/server/version.ts'
import type { Machine } from './results.ts'

/**
 * What kind of machine this is, in words that name no machine.
 * @param versions of what else takes part, by name
 */
export function describeMachine(versions: Readonly<Record<string, string>>): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    system: systemName(),
    versions: { Slipway: VERSION, Node: process.versions.node, ...versions },
  }
}

function systemName(): string {
  if (!existsSync('/etc/os-release')) return type()
  return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? type()
}
